import { fault } from '#base/fault.ts';

interface Listening {
  listen(options: { readonly host: string; readonly port: number }): Promise<string>;
}

const loopback = '127.0.0.1';

/** Listens on loopback; answers the port. Fault: `PortInUse` (conflict). */
export async function listenOn(app: Listening, port: number): Promise<number> {
  try {
    return Number(new URL(await app.listen({ host: loopback, port })).port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
    throw fault(
      'conflict',
      'PortInUse',
      `Port ${port} on ${loopback} is ${code === 'EACCES' ? 'not for this user' : 'in use by another program'}.`,
      {
        target: `${loopback}:${port}`,
        remedy: 'Name another port with --port, or 0 for any free one.',
        cause,
      },
    );
  }
}
