// SOCKETS sockets that hear every stored message: balcao's inbox, or ROOMS conversations of the reference server.
// Says `ready`, and on SIGTERM how many were heard.   node hear.mjs balcao|reference URL TOKEN SOCKETS ROOMS
import { io } from 'socket.io-client';

const [kind, url, token, sockets, rooms] = process.argv.slice(2);
let heard = 0;
const open = () => new Promise((resolve, reject) => {
  const auth = kind === 'balcao' ? { token, rooms: ['inbox'] } : { token };
  const socket = io(url, { auth, transports: ['websocket'], reconnection: false, forceNew: true });
  socket.on('connect_error', reject);
  socket.on('event', (event) => { if (event.type === 'message.created') heard += 1; });
  socket.on('message:new', () => { heard += 1; });
  socket.on('reset', (why) => console.error(`reset: ${JSON.stringify(why)}`));
  if (kind === 'balcao') socket.on('hello', () => resolve());
  else socket.on('connect', async () => {
    for (let i = 1; i <= Number(rooms); i++) {
      const conversationId = `00000003-0000-4000-8000-${(10 * i).toString(16).padStart(12, '0')}`;
      await socket.timeout(5000).emitWithAck('conversation:join', { conversationId });
    }
    resolve();
  });
});
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ heard }));
  process.exit(0);
});
await Promise.all(Array.from({ length: Number(sockets) }, open));
console.log('ready');
