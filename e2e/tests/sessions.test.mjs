// Who may connect, and how a session's end reaches its sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, call, login, organization, until } from '../house.mjs';
import { listen } from '../socket.mjs';

test('after logout the socket is gone within 2 s, and the token with it', async (t) => {
  const house = await organization();
  const { access_token: token } = await login(house.email);
  const other = await login(house.email);
  const client = await listen(token);
  const bystander = await listen(other.access_token);
  t.after(() => [client, bystander].forEach((c) => c.close()));
  assert.ok(client.socket.connected);

  const answer = await call('POST', '/api/auth/logout', { token });
  assert.ok([200, 204].includes(answer.status), `logout: ${answer.status}`);
  const started = Date.now();
  await until('disconnected', () => client.gone.length > 0, 2_000);
  assert.ok(Date.now() - started < 2_000);
  assert.notEqual(client.revoked, null, 'it was told why: session_revoked');
  assert.equal((await call('GET', '/api/auth/validate', { token })).status, 401);
  assert.equal((await call('GET', '/api/conversations', { token })).status, 401);

  const again = await listen(token);
  again.close();
  assert.equal(again.hellos.length, 0);
  assert.ok(['AUTH_SESSION_REVOKED', 'AUTH_TOKEN_INVALID'].includes(again.refused[0].code), JSON.stringify(again.refused[0]));
  assert.ok(bystander.socket.connected, 'another session of the same person stays');
});

test('each way of not being let in has its code', async () => {
  const house = await organization();
  const { access_token: token } = await login(house.email);
  const [head, body, signature] = token.split('.');
  const forged = [head, body, signature.slice(0, -4) + (signature.endsWith('AAAA') ? 'BBBB' : 'AAAA')].join('.');
  for (const [what, given, code] of [
    ['no token', undefined, 'AUTH_TOKEN_MISSING'],
    ['an empty token', '', 'AUTH_TOKEN_MISSING'],
    ['nonsense', 'nonsense', 'AUTH_TOKEN_INVALID'],
    ['a number', 42, 'AUTH_TOKEN_INVALID'],
    ['a forged signature', forged, 'AUTH_TOKEN_INVALID'],
  ]) {
    const client = await listen(given);
    client.close();
    assert.equal(client.hellos.length, 0, what);
    const allowed = code === 'AUTH_TOKEN_INVALID' ? [code] : [code, 'AUTH_TOKEN_INVALID'];
    assert.ok(allowed.includes(client.refused[0].code), `${what}: ${JSON.stringify(client.refused[0])}`);
    assert.doesNotMatch(JSON.stringify(client.refused[0]), /expected|missing field|line \d/i, 'no parser text leaks');
  }
});

test('polling, websocket, and the upgrade from one to the other', async (t) => {
  const house = await organization();
  const { access_token: token } = await login(house.email);
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const client = await listen(token, { transports });
    t.after(() => client.close());
    assert.equal(client.refused.length, 0, JSON.stringify(client.refused));
    const final = transports.at(-1);
    await until(`transport ${final}`, () => client.transport() === final);
    const answer = await client.emit('subscribe', { rooms: ['inbox'] });
    assert.deepEqual(answer.rooms.map((r) => r.ok), [true], `${transports}: ${JSON.stringify(answer)}`);
  }
});

test('rotation: the new pair works, and an old refresh token used twice ends the session', async (t) => {
  const house = await organization();
  const first = await login(house.email);
  const client = await listen(first.access_token);
  t.after(() => client.close());
  const second = await ask('POST', '/api/auth/refresh', { body: { refresh_token: first.refresh_token } });
  const renewed = await client.emit('auth_refresh', { token: second.access_token });
  assert.equal(renewed.ok, true, JSON.stringify(renewed));
  const third = await ask('POST', '/api/auth/refresh', { body: { refresh_token: second.refresh_token } });
  assert.equal((await call('GET', '/api/auth/validate', { token: third.access_token })).status, 200);
  const reused = await call('POST', '/api/auth/refresh', { body: { refresh_token: first.refresh_token } });
  assert.equal(reused.status, 401);
  await until('the socket of the stolen session is gone', () => client.gone.length > 0, 2_000);
});
