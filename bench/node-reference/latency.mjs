// From a posted webhook to the event at a socket, one customer at a time and paced: p50 and p99 in ms, one JSON line.
// node latency.mjs URL TOKEN SECRET PHONE_ID WABA DISPLAY RATE SECONDS
import { createHmac, randomBytes } from 'node:crypto';
import { io } from 'socket.io-client';

const [url, token, secret, phone, waba, display, rate, seconds] = process.argv.slice(2);
const customers = Array.from({ length: 200 }, (_, i) => `55119${81000000 + i}`);
const customerOf = new Map(); // conversation id -> customer
const waiting = new Map(); // customer -> when posted
const took = [];
const posted = [];

function post(customer) {
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: waba, changes: [{ field: 'messages', value: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: display.replace('+', ''), phone_number_id: phone },
      contacts: [{ profile: { name: 'Marina Exemplo' }, wa_id: customer }],
      messages: [{ from: customer, id: `wamid.${randomBytes(18).toString('hex')}`, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text', text: { body: 'oi' } }],
    } }] }],
  });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  waiting.set(customer, performance.now());
  return fetch(`${url}/api/channels/webhooks/whatsapp`, {
    method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
  }).then(async (answer) => {
    posted.push(performance.now() - waiting.get(customer));
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`webhook: ${answer.status}`);
  });
}

const socket = io(url, { auth: { token, rooms: ['inbox'] }, transports: ['websocket'], reconnection: false });
await new Promise((resolve, reject) => { socket.on('hello', resolve); socket.on('connect_error', reject); });
let learn = null;
socket.on('event', (event) => {
  const now = performance.now();
  if (event.type !== 'message.created' || event.data.message?.direction !== 'inbound') return;
  if (learn) return learn(event.stream.id);
  const customer = customerOf.get(event.stream.id);
  if (!waiting.has(customer)) return;
  took.push(now - waiting.get(customer));
  waiting.delete(customer);
});
// First each customer once, so that it is known which conversation is whose.
for (const customer of customers) {
  const id = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no event within 10 s')), 10_000);
    learn = (conversation) => { clearTimeout(late); resolve(conversation); };
    post(customer).catch(reject);
  });
  customerOf.set(id, customer);
}
learn = null;
waiting.clear();
posted.length = 0;
const total = Math.floor(Number(rate) * Number(seconds));
const start = performance.now();
let skipped = 0;
for (let i = 0; i < total; i++) {
  const due = start + (i * 1000) / Number(rate);
  const left = due - performance.now();
  if (left > 0) await new Promise((r) => setTimeout(r, left));
  const customer = customers[i % customers.length];
  if (waiting.has(customer)) skipped += 1;
  else post(customer).catch((error) => { console.error(error.message); process.exit(1); });
}
const end = performance.now() + 10_000;
while (waiting.size && performance.now() < end) await new Promise((r) => setTimeout(r, 20));
const at = (list, q) => +(list.sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))] ?? 0).toFixed(2);
console.log(JSON.stringify({ peer: 'balcao', job: 'latency', rate: Number(rate), events: took.length, p50_ms: at(took, 0.5), p99_ms: at(took, 0.99),
  answer_p50_ms: at(posted, 0.5), answer_p99_ms: at(posted, 0.99), missing: waiting.size, skipped }));
process.exit(0);
