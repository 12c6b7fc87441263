// A client as an agent's screen is one: the npm client, joined to rooms, that keeps its place in the event log.
import { io } from 'socket.io-client';
import { until, url } from './house.mjs';

/**
 * Connects and joins `rooms`. Keeps `events` (each id once, in order of arrival), `cursor`, `repeats`, `gone`.
 * Reconnects by itself, with the cursor of the last event it has seen.
 */
export async function listen(token, { rooms = ['inbox'], cursor = null, transports = ['websocket'], organization_id } = {}) {
  const seen = new Set();
  const client = { events: [], cursor, repeats: 0, hellos: [], resets: [], refused: [], gone: [], revoked: null, gaps: 0 };
  const socket = io(url(), {
    transports,
    forceNew: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 100,
    auth: (give) => give({ token, rooms, organization_id, ...(client.cursor && { cursor: client.cursor }) }),
  });
  client.socket = socket;
  client.transport = () => socket.io.engine?.transport?.name;
  let n = 0;
  socket.on('connect', () => (n = 0));
  socket.on('hello', (hello) => {
    client.hellos.push(hello);
    // Everything up to here is known (a first connection), or the missed ones follow (a resumed one).
    if (!hello.resumed) client.cursor = hello.cursor;
    if (hello.reset) client.resets.push(hello.reset);
  });
  socket.on('event', (event) => {
    if (event.n !== n + 1) client.gaps += 1;
    n = event.n;
    client.cursor = event.cursor;
    if (seen.has(event.id)) client.repeats += 1;
    else {
      seen.add(event.id);
      client.events.push(event);
    }
  });
  socket.on('reset', (reset) => client.resets.push(reset));
  socket.on('session_revoked', (why) => (client.revoked = why ?? {}));
  socket.on('connect_error', (error) => client.refused.push({ message: error.message, ...error.data }));
  socket.on('disconnect', (reason) => client.gone.push(reason));
  client.of = (type) => client.events.filter((e) => e.type === type);
  client.close = () => socket.disconnect();
  client.emit = (name, body) => socket.timeout(10_000).emitWithAck(name, body);
  await until('connected or refused', () => client.hellos.length || client.refused.length);
  return client;
}

/** Ends the line in one of the ways lines end. Auto-reconnect brings it back, save for the clean way, which we undo. */
export function cut(client, way) {
  const engine = client.socket.io.engine;
  if (way === 'clean' || !engine) {
    client.socket.disconnect();
    client.socket.connect();
  } else if (way === 'abrupt' && engine.transport.ws?.terminate) {
    engine.transport.ws.terminate();
  } else {
    engine.close();
  }
}
