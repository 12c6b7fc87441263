#!/usr/bin/env node
// A terminal client: logs in (or takes a token), joins rooms, prints what happens. Ctrl-C ends it.
//   node e2e/listen.mjs --email E --password P [--url http://127.0.0.1:8080] [--token T] [--rooms inbox,..] [--cursor C] [--json]
import { io } from 'socket.io-client';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: process.env.BALCAO_URL ?? 'http://127.0.0.1:8080' },
    email: { type: 'string' },
    password: { type: 'string' },
    token: { type: 'string' },
    rooms: { type: 'string', default: 'inbox' },
    cursor: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const colour = process.stdout.isTTY ? (code, text) => `\x1b[${code}m${text}\x1b[0m` : (_, text) => text;
const say = (what) => console.log(what);
const fail = (why) => {
  console.error(why);
  process.exit(1);
};

let token = options.token;
let refresh = null;
async function post(path, body) {
  const answer = await fetch(options.url + path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  }).catch((error) => fail(`${options.url} does not answer: ${error.cause?.message ?? error.message}`));
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) fail(`${path}: ${answer.status} ${json.code ?? ''} ${json.detail ?? ''}`);
  return json;
}
if (!token) {
  if (!options.email || !options.password) fail('--email and --password, or --token');
  const answer = await post('/api/auth/login', { email: options.email, password: options.password });
  ({ access_token: token, refresh_token: refresh } = answer);
}

let cursor = options.cursor;
const socket = io(options.url, {
  transports: ['websocket', 'polling'],
  auth: (give) => give({ token, rooms: options.rooms.split(','), ...(cursor && { cursor }) }),
});

socket.on('hello', (hello) => {
  if (!hello.resumed) cursor = hello.cursor;
  say(colour(2, `connected (${socket.io.engine.transport.name}) to ${options.rooms}${hello.resumed ? ', resumed' : ''}`));
  if (hello.reset) say(colour(33, `reset: ${JSON.stringify(hello.reset)}`));
});
socket.on('event', async (event) => {
  cursor = event.cursor;
  if (options.json) return say(JSON.stringify(event));
  const time = new Date(event.occurred_at).toLocaleTimeString();
  const where = `${event.stream?.kind ?? ''} ${(event.stream?.id ?? '').slice(-6)}`;
  say(`${colour(2, time)} ${colour(36, event.type.padEnd(28))} ${colour(2, where)} ${await detail(event)}`);
});
socket.on('reset', (reset) => say(colour(33, `reset: ${JSON.stringify(reset)}`)));
socket.on('auth_expiring', async () => {
  if (!refresh) return say(colour(33, 'the token expires within a minute'));
  ({ access_token: token, refresh_token: refresh } = await post('/api/auth/refresh', { refresh_token: refresh }));
  socket.emit('auth_refresh', { token });
});
socket.on('session_revoked', () => fail('logged out'));
socket.on('server_draining', () => say(colour(33, 'the server is stopping')));
socket.on('connect_error', (error) => {
  say(colour(31, `refused: ${error.data?.code ?? error.message}`));
  // The server's own refusals are final; a server that is away comes back.
  if (error.data?.code?.startsWith('AUTH_') || error.data?.code?.startsWith('ORGANIZATION_')) process.exit(1);
});
socket.on('disconnect', (reason) => say(colour(2, `disconnected: ${reason}`)));

/** One line of what an event is about. */
async function detail(event) {
  const data = event.data ?? {};
  const message = data.message;
  if (event.type === 'message.created' && message) {
    const arrow = { inbound: colour(32, '<-'), outbound: colour(34, '->'), internal: '--' }[message.direction] ?? '  ';
    return `${arrow} #${message.seq} ${await textOf(message)}`;
  }
  if (event.type === 'message.status_changed') {
    return `#${message?.seq ?? data.seq ?? ''} ${data.from ?? ''} ${colour(35, `=> ${message?.status ?? data.to ?? data.status ?? ''}`)}`;
  }
  const text = JSON.stringify(data);
  return colour(2, text.length > 120 ? `${text.slice(0, 117)}...` : text);
}

async function textOf(message) {
  let segments = message.segments;
  if (!segments) {
    const answer = await fetch(`${options.url}/api/messages/${message.id}`, { headers: { authorization: `Bearer ${token}` } });
    segments = answer.ok ? (await answer.json()).segments : [];
  }
  return (segments ?? []).map((s) => s.text ?? `[${s.type}]`).join(' ');
}
