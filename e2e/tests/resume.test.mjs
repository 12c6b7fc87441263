// A client that loses its line at random moments and comes back with its cursor misses nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, ask, login, organization, until } from '../house.mjs';
import { cut, listen } from '../socket.mjs';
import { deliver, text } from '../whatsapp.mjs';

const CUTS = Number(process.env.E2E_CUTS ?? 50);
const SEED = Number(process.env.E2E_SEED ?? Date.now() % 100_000);

/** Small and good enough for choosing moments; a failing run can be repeated by its seed. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

test(`nothing is missed over ${CUTS} random cuts (E2E_SEED=${SEED})`, { timeout: 180_000 }, async (t) => {
  const next = random(SEED);
  const house = await organization();
  const { access_token: token } = await login(house.email);
  const client = await listen(token, { transports: ['websocket'] });
  t.after(() => client.close());
  assert.equal(client.refused.length, 0, JSON.stringify(client.refused));

  let posted = 0;
  for (let i = 0; i < CUTS; i++) {
    for (let m = 0; m <= Math.floor(next() * 4); m++) {
      const from = `55119${String(80000000 + Math.floor(next() * 10)).padStart(8, '0')}`;
      const answer = await deliver(text(house.phone, from, `message ${++posted}`));
      assert.equal(answer.status, 200);
    }
    // Anywhere between "nothing has arrived yet" and "all of it": the moment is what is random here.
    await new Promise((r) => setTimeout(r, next() * 40));
    const before = client.hellos.length;
    cut(client, ['clean', 'abrupt', 'close'][Math.floor(next() * 3)]);
    await until('reconnected', () => client.hellos.length > before && client.socket.connected, 15_000);
  }
  await until(
    () => `all of ${posted} messages at the client, which has ${client.of('message.created').length}; resets ${JSON.stringify(client.resets)}`,
    () => client.of('message.created').length >= posted,
    30_000,
  );

  assert.deepEqual(client.resets, [], 'a usable cursor needs no reset');
  assert.ok(client.hellos.slice(1).every((h) => h.resumed), 'every reconnection resumed');
  assert.equal(client.gaps, 0, 'frames of a connection are numbered without a gap');
  assert.equal(client.of('message.created').length, posted, 'each message once');

  // What the client put together from events equals what REST shows.
  const conversations = await all('/api/conversations', token);
  let stored = 0;
  for (const conversation of conversations) {
    const messages = await all(`/api/conversations/${conversation.id}/messages`, token);
    const seqs = messages.map((m) => m.seq).sort((a, b) => a - b);
    assert.deepEqual(seqs, seqs.map((_, i) => i + 1), 'seq has no holes');
    stored += messages.length;
    const heard = client.of('message.created').filter((e) => e.stream.id === conversation.id).map((e) => e.data.message.seq);
    assert.deepEqual(heard, [...heard].sort((a, b) => a - b), 'a conversation is heard in its order');
    assert.deepEqual(heard, seqs);
  }
  assert.equal(stored, posted);
});

test('a cursor that nobody gave out answers with a reset', async (t) => {
  const house = await organization();
  const { access_token: token } = await login(house.email);
  const client = await listen(token, { cursor: 'c_never_given_out' });
  t.after(() => client.close());
  const hello = client.hellos[0];
  assert.equal(hello?.resumed, false, JSON.stringify(client.refused));
  assert.ok(hello.reset, 'the reason is named');
  assert.ok(hello.cursor, 'and there is a cursor to go on from');
});

test('sync over the socket and over REST tell the same', async (t) => {
  const house = await organization();
  const { access_token: token } = await login(house.email);
  const client = await listen(token);
  t.after(() => client.close());
  const start = client.cursor;
  for (let i = 0; i < 5; i++) await deliver(text(house.phone, '5511981234567', `sync ${i}`));
  await until('five messages', () => client.of('message.created').length === 5);
  const socket = await client.emit('sync', { cursor: start, rooms: ['inbox'], limit: 500 });
  assert.equal(socket.ok, true, JSON.stringify(socket));
  const rest = await ask('GET', `/api/sync?cursor=${encodeURIComponent(start)}&rooms=inbox&limit=500`, { token });
  const ids = (list) => list.map((e) => e.id);
  assert.deepEqual(ids(socket.events), ids(rest.events));
  const live = client.events.map((e) => e.id);
  assert.deepEqual(ids(rest.events).filter((id) => live.includes(id)), live);
});
