// Two organizations on one server never hear or see anything of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all, ask, call, login, organization, until } from '../house.mjs';
import { listen } from '../socket.mjs';
import { deliver, text } from '../whatsapp.mjs';

test('a token of another organization hears nothing', { timeout: 60_000 }, async (t) => {
  const [ours, theirs] = [await organization(), await organization()];
  const us = await login(ours.email);
  const them = await login(theirs.email);
  await deliver(text(ours.phone, '5511987650001', 'the first message'));
  const [conversation] = await until('a conversation', async () => {
    const found = await all('/api/conversations', us.access_token);
    return found.length > 0 && found;
  });

  const listener = await listen(us.access_token);
  const stranger = await listen(them.access_token);
  t.after(() => [listener, stranger].forEach((c) => c.close()));

  const rooms = [`conversation:${conversation.id}`, `unit:${conversation.unit_id ?? conversation.id}`, 'conversation:01999999-9999-7999-8999-999999999999'];
  const answer = await stranger.emit('subscribe', { rooms });
  assert.ok(answer.rooms.every((r) => !r.ok), 'foreign rooms are refused');
  const codes = new Set(answer.rooms.filter((r) => r.room.startsWith('conversation:')).map((r) => r.code));
  assert.deepEqual([...codes], ['NOT_FOUND'], 'and answer like unknown ones');

  for (let i = 0; i < 10; i++) await deliver(text(ours.phone, '5511987650001', `secret ${i}`));
  await until('ten messages at home', () => listener.of('message.created').length === 10);
  // Whatever could have leaked would have been sent before this answer on the same line.
  await deliver(text(theirs.phone, '5511987650002', 'their own'));
  await until('their own message', () => stranger.of('message.created').length === 1);
  const heard = JSON.stringify(stranger.events);
  assert.doesNotMatch(heard, /secret/);
  assert.ok(!heard.includes(conversation.id));
  assert.ok(stranger.events.every((e) => e.organization_id !== listener.hellos[0].organization_id));

  const [message] = await all(`/api/conversations/${conversation.id}/messages`, us.access_token);
  for (const [method, path, body] of [
    ['GET', `/api/conversations/${conversation.id}`],
    ['GET', `/api/conversations/${conversation.id}/messages`],
    ['GET', `/api/messages/${message.id}`],
    ['POST', `/api/conversations/${conversation.id}/messages`, { segments: [{ type: 'text', text: 'x' }] }],
    ['POST', `/api/conversations/${conversation.id}/notes`, { text: 'x' }],
    ['POST', `/api/conversations/${conversation.id}/claim`, {}],
    ['POST', `/api/conversations/${conversation.id}/close`, {}],
  ]) {
    const answer = await call(method, path, { token: them.access_token, body });
    assert.equal(answer.status, 404, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  const after = await ask('GET', `/api/conversations/${conversation.id}`, { token: us.access_token });
  assert.equal(after.status, 'open', 'and nothing was changed');

  const cursor = listener.hellos[0].cursor;
  const foreign = await call('GET', `/api/sync?cursor=${encodeURIComponent(cursor)}&rooms=inbox`, { token: them.access_token });
  assert.doesNotMatch(JSON.stringify(foreign.body), /secret/, "another organization's cursor opens nothing");
});

test('a handshake may not name an organization where one is no member', async () => {
  const [ours, theirs] = [await organization(), await organization()];
  const us = await login(ours.email);
  const them = await login(theirs.email);
  const foreign = (await ask('GET', '/api/auth/validate', { token: them.access_token }));
  const id = foreign.organization?.id ?? foreign.organization_id ?? them.organization?.id;
  assert.ok(id, 'validate names the organization');
  const client = await listen(us.access_token, { organization_id: id });
  client.close();
  assert.equal(client.hellos.length, 0);
  assert.equal(client.refused[0].code, 'ORGANIZATION_ACCESS_DENIED');
});
