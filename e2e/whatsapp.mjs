// The other side of WhatsApp: signed webhooks as Meta sends them, and a stand-in for the Graph API that takes messages.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { call } from './house.mjs';

const secret = () => process.env.BALCAO_WHATSAPP_APP_SECRET ?? '';
export const wamid = () => `wamid.${randomBytes(24).toString('base64').replace(/[+/=]/g, 'A')}`;

const envelope = (phone, value) => ({
  object: 'whatsapp_business_account',
  entry: [{
    id: phone.waba,
    changes: [{
      field: 'messages',
      value: {
        messaging_product: 'whatsapp',
        metadata: { display_phone_number: phone.display.replace('+', ''), phone_number_id: phone.id },
        ...value,
      },
    }],
  }],
});

const now = () => String(Math.floor(Date.now() / 1000));

/** A text message of a customer. `from` is a wa_id: digits with the country code. */
export const text = (phone, from, body, id = wamid()) =>
  envelope(phone, {
    contacts: [{ profile: { name: 'Marina Exemplo' }, wa_id: from }],
    messages: [{ from, id, timestamp: now(), type: 'text', text: { body } }],
  });

/** What became of a message that we sent. */
export const status = (phone, id, name, recipient) =>
  envelope(phone, { statuses: [{ id, status: name, timestamp: now(), recipient_id: recipient }] });

/** Posts it with Meta's signature over the raw bytes. */
export function deliver(payload, { signature } = {}) {
  const body = JSON.stringify(payload);
  const sum = createHmac('sha256', secret()).update(body).digest('hex');
  return call('POST', '/api/channels/webhooks/whatsapp', {
    body,
    headers: { 'x-hub-signature-256': signature ?? `sha256=${sum}` },
  });
}

export const graphPort = () => Number(process.env.E2E_GRAPH_PORT ?? 0);

/** The Graph API, as far as sending needs it: keeps what it was asked to send, answers with a new id. */
export async function graph() {
  const sent = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      if (!/^Bearer ./.test(request.headers.authorization ?? '')) {
        response.statusCode = 401;
        return response.end('{"error":{"message":"no token","type":"OAuthException","code":190}}');
      }
      if (request.method !== 'POST' || !request.url.split('?')[0].endsWith('/messages')) {
        return response.end('{"success":true}');
      }
      const message = { id: wamid(), path: request.url, body: JSON.parse(body) };
      sent.push(message);
      response.end(JSON.stringify({
        messaging_product: 'whatsapp',
        contacts: [{ input: message.body.to, wa_id: message.body.to }],
        messages: [{ id: message.id }],
      }));
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(graphPort(), '127.0.0.1', resolve));
  return { sent, close: () => new Promise((r) => { server.closeAllConnections(); server.close(r); }) };
}
