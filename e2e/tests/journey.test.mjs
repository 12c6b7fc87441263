// The whole way: a patient writes, an agent sees it live and answers, the answer goes out, its status climbs to read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { all, ask, call, login, organization, until } from '../house.mjs';
import { listen } from '../socket.mjs';
import { deliver, graph, graphPort, status, text, wamid } from '../whatsapp.mjs';

let provider;
before(async () => {
  if (graphPort()) provider = await graph();
});
after(() => provider?.close());

test('message in, answer out, read', { timeout: 60_000, skip: !graphPort() && 'E2E_GRAPH_PORT is not set' }, async (t) => {
  const house = await organization({ simulation: false });
  const { access_token: token } = await login(house.email);
  const client = await listen(token);
  t.after(() => client.close());

  const patient = '5511991230001';
  const incoming = text(house.phone, patient, 'Bom dia! Quero remarcar.');
  for (let i = 0; i < 5; i++) assert.equal((await deliver(incoming)).status, 200);
  const arrived = await until('message.created', () => client.of('message.created')[0]);
  assert.equal(arrived.data.message.direction, 'inbound');
  assert.equal(arrived.data.message.seq, 1);
  const id = arrived.stream.id;

  const body = { segments: [{ type: 'text', text: 'Claro. Amanha as 10h?' }], client_id: 'k1', expected_last_seq: 1 };
  const posted = await ask('POST', `/api/conversations/${id}/messages`, { token, body });
  assert.equal(posted.status, 'queued');
  const repeated = await call('POST', `/api/conversations/${id}/messages`, { token, body });
  assert.equal(repeated.status, 200);
  assert.equal(repeated.body.id, posted.id);
  assert.equal(repeated.headers.get('idempotency-replayed'), 'true');

  const sent = await until('the provider was asked to send', () => provider.sent.find((m) => m.path.includes(house.phone.id)));
  assert.equal(sent.body.text.body, 'Claro. Amanha as 10h?');
  const state = async () => (await ask('GET', `/api/messages/${posted.id}`, { token })).status;
  await until('accepted', async () => (await state()) === 'accepted');
  // Out of order and twice, as the provider does: the status only climbs.
  for (const name of ['delivered', 'sent', 'read', 'delivered', 'sent']) {
    assert.equal((await deliver(status(house.phone, sent.id, name, patient))).status, 200);
  }
  await until('read', async () => (await state()) === 'read');
  const shown = () => client.of('message.status_changed').filter((e) => JSON.stringify(e.data).includes(posted.id));
  await until('read at the client', () => /"read"/.test(JSON.stringify(shown().at(-1)?.data ?? '')));

  assert.equal((await all(`/api/conversations/${id}/messages`, token)).length, 2, 'five copies made one message');
  assert.equal(provider.sent.filter((m) => m.path.includes(house.phone.id)).length, 1, 'sent once');
});

test('a note never reaches the provider', { timeout: 60_000, skip: !graphPort() && 'E2E_GRAPH_PORT is not set' }, async (t) => {
  const house = await organization({ simulation: false });
  const { access_token: token } = await login(house.email);
  const client = await listen(token);
  t.after(() => client.close());
  await deliver(text(house.phone, '5511991230002', 'oi'));
  const id = (await until('message', () => client.of('message.created')[0])).stream.id;
  await ask('POST', `/api/conversations/${id}/notes`, { token, body: { text: 'do not tell' } });
  await ask('POST', `/api/conversations/${id}/messages`, { token, body: { segments: [{ type: 'text', text: 'ola' }] } });
  const mine = () => provider.sent.filter((m) => m.path.includes(house.phone.id));
  await until('the reply went out', () => mine().length > 0);
  assert.equal(mine().length, 1);
  assert.doesNotMatch(JSON.stringify(mine()), /do not tell/);
  const kinds = (await all(`/api/conversations/${id}/messages`, token)).sort((a, b) => a.seq - b.seq).map((m) => [m.kind, m.direction]);
  assert.deepEqual(kinds, [['text', 'inbound'], ['note', 'internal'], ['text', 'outbound']]);
});

test('a webhook with a wrong signature is refused and leaves nothing', async () => {
  const house = await organization();
  const { access_token: token } = await login(house.email);
  const bad = text(house.phone, '5511991230003', 'forged');
  for (const signature of ['', 'sha256=00', `sha256=${'0'.repeat(64)}`, 'sha1=abc']) {
    const answer = await deliver(bad, { signature });
    assert.ok([401, 403].includes(answer.status), `${signature}: ${answer.status}`);
  }
  await deliver(text(house.phone, '5511991230004', 'genuine'));
  await until('the genuine one', async () => (await all('/api/conversations', token)).length > 0);
  assert.equal((await all('/api/conversations', token)).length, 1);
});

test('100 parallel first messages of one sender: one contact, one conversation, 100 messages', { timeout: 60_000 }, async () => {
  const house = await organization();
  const { access_token: token } = await login(house.email);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => deliver(text(house.phone, '5511991230005', `m ${i}`, wamid()))),
  );
  assert.ok(answers.every((a) => a.status === 200));
  const conversations = await until('a conversation', async () => {
    const found = await all('/api/conversations', token);
    return found.length > 0 && found;
  });
  const [{ id }] = conversations;
  await until('100 messages', async () => (await all(`/api/conversations/${id}/messages`, token)).length >= 100, 30_000);
  const messages = await all(`/api/conversations/${id}/messages`, token);
  assert.deepEqual(messages.map((m) => m.seq).sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i + 1));
  assert.equal((await all('/api/conversations', token)).length, 1);
});
