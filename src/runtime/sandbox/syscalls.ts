/** Processors that the filter knows. */
export type Cpu = 'x64' | 'arm64';

/** A system call's number on x64 and on arm64; undefined where that processor has no such call. */
type Row = readonly [x64: number | undefined, arm64: number | undefined];

const none = undefined;

/**
 * What no worker needs, and what reaches around namespaces or into the kernel's rarer parts. Sources: asm/unistd_64.h and asm-generic/unistd.h of
 * Linux; Docker's and Flatpak's lists of what they refuse.
 */
export const refusedCalls: Readonly<Record<string, Row>> = {
  // New and other namespaces, mounts.
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  // Input and output that passes by this filter: io_uring connects without the call connect.
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  // Files that lead elsewhere, or that whoever opens them waits for: the folders that it writes are read by others outside.
  link: [86, none],
  linkat: [265, 37],
  symlink: [88, none],
  symlinkat: [266, 36],
  mknod: [133, none],
  mknodat: [259, 33],
  // Other processes. A worker starts none.
  fork: [57, none],
  vfork: [58, none],
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  // Parts of the kernel with a long history of holes.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  seccomp: [317, 277],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  memfd_secret: [447, 447],
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  set_mempolicy_home_node: [450, 450],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  modify_ldt: [154, none],
  personality: [135, 92],
  uselib: [134, none],
  ustat: [136, none],
  sysfs: [139, none],
  _sysctl: [156, none],
  nfsservctl: [180, 42],
  // The host as a whole.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, none],
  query_module: [178, none],
  get_kernel_syms: [177, none],
  iopl: [172, none],
  ioperm: [173, none],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  vhangup: [153, 58],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
};

/** What is decided by its arguments. */
export const judgedCalls: Readonly<Record<'socket' | 'clone' | 'clone3' | 'ioctl', Row>> = {
  socket: [41, 198],
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
};

/** The newest call that was looked at (`mseal`, Linux 6.10). Later ones are answered as by a kernel that does not have them. */
export const newestCall = 462;

export function callNumber(row: Row, processor: Cpu): number | undefined {
  return row[processor === 'x64' ? 0 : 1];
}
