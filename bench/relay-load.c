// Load for the relay benchmarks: client and server that cost little themselves.
//   relay-load serve PORT [HOST]                       what the first byte of a connection asks for: U read, D send, E echo
//   relay-load stream up|down STREAMS SECONDS HOST PORT   bytes per second, and how many cores the client took
//   relay-load connects TOGETHER SECONDS HOST PORT        connect, one byte each way, close: per second, and cores
//   relay-load burst COUNT TOGETHER HOST PORT             so many of these: how many failed; p50, p99 and longest in milliseconds
//   relay-load ping COUNT HOST PORT                       one byte to and fro: p50 and p99 in microseconds
//   relay-load idle COUNT HOST PORT                       opens connections, one byte each way, and holds them until stdin ends
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 131072, MOST = 65536, EVENTS = 256 };
static char chunk[CHUNK];
static char mode[MOST];
static int poller;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

// Of this process, seconds.
static double spent(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static struct sockaddr_in address(const char *host, const char *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  if (inet_pton(AF_INET, host, &at.sin_addr) != 1) die("address");
  return at;
}

static void watch(int fd, uint32_t events, int op) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(poller, op, fd, &event) < 0) die("epoll_ctl");
}

static int dial(struct sockaddr_in *to, int blocking) {
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | (blocking ? 0 : SOCK_NONBLOCK), 0);
  if (fd < 0) die("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (struct sockaddr *)to, sizeof *to) < 0 && errno != EINPROGRESS) die("connect");
  return fd;
}

// Answers 0 when the connection is over.
static int serve_one(int fd, uint32_t events) {
  char *its = &mode[fd];
  if (*its == 0) {
    ssize_t got = recv(fd, its, 1, 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    if (*its == 'D') watch(fd, EPOLLOUT | EPOLLRDHUP, EPOLL_CTL_MOD);
    return 1;
  }
  if (*its == 'D') {
    if (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) return 0;
    ssize_t sent = send(fd, chunk, CHUNK, MSG_NOSIGNAL);
    return sent > 0 || errno == EAGAIN;
  }
  ssize_t got = recv(fd, chunk, *its == 'E' ? 64 : CHUNK, 0);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  if (*its == 'E' && send(fd, chunk, got, MSG_NOSIGNAL) < 0) return 0;
  return 1;
}

static void serve(const char *host, const char *port) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in at = address(host, port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 4096) < 0) die("listen");
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  puts("ready");
  fflush(stdout);
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) {
        if (!serve_one(fd, events[i].events)) close(fd);
        continue;
      }
      for (int made; (made = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        mode[made] = 0;
        watch(made, EPOLLIN, EPOLL_CTL_ADD);
      }
    }
  }
}

static void stream(int up, int streams, double seconds, struct sockaddr_in to) {
  for (int i = 0; i < streams; i++) {
    int fd = dial(&to, 1);
    if (send(fd, up ? "U" : "D", 1, MSG_NOSIGNAL) != 1) die("send");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    watch(fd, up ? EPOLLOUT : EPOLLIN, EPOLL_CTL_ADD);
  }
  struct epoll_event events[EVENTS];
  double begun = 0, before = 0, warm = now() + 0.3;
  uint64_t bytes = 0;
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS, 100);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      ssize_t moved = up ? send(fd, chunk, CHUNK, MSG_NOSIGNAL) : recv(fd, chunk, CHUNK, 0);
      if (moved == 0 || (moved < 0 && errno != EAGAIN)) die("stream");
      if (moved > 0) bytes += moved;
    }
    double at = now();
    if (begun == 0 && at >= warm) {
      begun = at;
      before = spent();
      bytes = 0;
    }
    if (begun > 0 && at - begun >= seconds) {
      printf("%.0f %.2f\n", bytes / (at - begun), (spent() - before) / (at - begun));
      return;
    }
  }
}

static void connects(int together, double seconds, struct sockaddr_in to) {
  for (int i = 0; i < together; i++) watch(dial(&to, 0), EPOLLOUT, EPOLL_CTL_ADD);
  struct epoll_event events[EVENTS];
  double begun = 0, before = 0, warm = now() + 0.3;
  uint64_t done = 0;
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS, 100);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (events[i].events & EPOLLOUT) {
        if (send(fd, "Ex", 2, MSG_NOSIGNAL) != 2) die("send");
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
        continue;
      }
      if (recv(fd, chunk, 1, 0) != 1) die("recv");
      close(fd);
      done++;
      watch(dial(&to, 0), EPOLLOUT, EPOLL_CTL_ADD);
    }
    double at = now();
    if (begun == 0 && at >= warm) {
      begun = at;
      before = spent();
      done = 0;
    }
    if (begun > 0 && at - begun >= seconds) {
      printf("%.1f %.2f\n", done / (at - begun), (spent() - before) / (at - begun));
      return;
    }
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// Failures are counted here, not fatal.
static void burst(int count, int together, struct sockaddr_in to) {
  static double since[MOST];
  double *times = malloc(sizeof *times * count);
  int made = 0, over = 0, failed = 0;
  struct epoll_event events[EVENTS];
  while (over + failed < count) {
    for (; made < count && made - over - failed < together; made++) {
      double at = now();
      int fd = dial(&to, 0);
      since[fd] = at;
      mode[fd] = 0;
      watch(fd, EPOLLOUT, EPOLL_CTL_ADD);
    }
    int ready = epoll_wait(poller, events, EVENTS, 10000);
    if (ready == 0) break;
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (!mode[fd] && (events[i].events & EPOLLOUT) && send(fd, "Ex", 2, MSG_NOSIGNAL) == 2) {
        mode[fd] = 1;
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
        continue;
      }
      if (mode[fd] && recv(fd, chunk, 1, 0) == 1) times[over++] = (now() - since[fd]) * 1e3;
      else failed++;
      close(fd);
    }
  }
  qsort(times, over, sizeof *times, ascending);
  // Those that nothing was heard of have failed, too.
  printf("%d %.2f %.2f %.2f\n", count - over, over ? times[over / 2] : 0, over ? times[(int)(over * 0.99)] : 0, over ? times[over - 1] : 0);
}

static void ping(int count, struct sockaddr_in to) {
  int fd = dial(&to, 1);
  double *times = malloc(sizeof *times * count);
  if (send(fd, "E", 1, MSG_NOSIGNAL) != 1) die("send");
  for (int i = -count / 10; i < count; i++) {
    double begun = now();
    if (send(fd, "x", 1, MSG_NOSIGNAL) != 1 || recv(fd, chunk, 1, 0) != 1) die("ping");
    if (i >= 0) times[i] = (now() - begun) * 1e6;
  }
  qsort(times, count, sizeof *times, ascending);
  printf("%.1f %.1f\n", times[count / 2], times[(int)(count * 0.99)]);
}

static void idle(int count, struct sockaddr_in to) {
  for (int i = 0; i < count; i++) {
    int fd = dial(&to, 1);
    if (send(fd, "Ex", 2, MSG_NOSIGNAL) != 2 || recv(fd, chunk, 1, 0) != 1) die("idle");
  }
  puts("open");
  fflush(stdout);
  while (read(0, chunk, CHUNK) > 0) continue;
}

int main(int count, char **word) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poller = epoll_create1(0);
  memset(chunk, 'x', CHUNK);
  const char *what = count > 1 ? word[1] : "";
  if ((count == 3 || count == 4) && !strcmp(what, "serve")) serve(count == 4 ? word[3] : "127.0.0.1", word[2]);
  else if (count == 7 && !strcmp(what, "stream")) stream(!strcmp(word[2], "up"), atoi(word[3]), atof(word[4]), address(word[5], word[6]));
  else if (count == 6 && !strcmp(what, "connects")) connects(atoi(word[2]), atof(word[3]), address(word[4], word[5]));
  else if (count == 6 && !strcmp(what, "burst")) burst(atoi(word[2]), atoi(word[3]), address(word[4], word[5]));
  else if (count == 5 && !strcmp(what, "ping")) ping(atoi(word[2]), address(word[3], word[4]));
  else if (count == 5 && !strcmp(what, "idle")) idle(atoi(word[2]), address(word[3], word[4]));
  else return 2;
  return 0;
}
