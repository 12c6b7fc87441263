// A link by mail: it arrives in a real SMTP server, opens a page that uses nothing up, and works once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { ask, call, login, organization, until, url } from '../house.mjs';

/** The SMTP server that the product was told to send to, and the mails it took. */
async function postOffice(t) {
  const child = spawn('node', ['smtp.mjs', `--port=${process.env.E2E_MAIL_PORT}`], {
    cwd: new URL('..', import.meta.url), stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  const facts = [];
  createInterface({ input: child.stdout }).on('line', (line) => facts.push(JSON.parse(line)));
  await until('the SMTP server', () => facts.length > 0);
  return facts;
}

const linkIn = (mail) => mail.raw.replaceAll('=\r\n', '').replaceAll('=3D', '=').match(/https?:\/\/\S+#[\w-]+/)[0];

test('a magic link arrives by mail and works once', { timeout: 120_000 }, async (t) => {
  const facts = await postOffice(t);
  const ours = await organization();
  const asked = await call('POST', '/api/auth/magic-link', { body: { email: ours.email } });
  assert.equal(asked.status, 202);
  const mail = await until('the mail', () => facts.find((fact) => fact.to?.[0] === ours.email), 45_000);
  assert.match(mail.raw, /Auto-Submitted: auto-generated/);
  const link = new URL(linkIn(mail));
  assert.equal(link.origin, new URL(url()).origin, 'our own address');

  // What a scanner does: it looks, also without what stands behind the #, and uses nothing up.
  const page = await fetch(link, { redirect: 'manual' });
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
  const token = link.hash.slice(1);
  const first = await ask('POST', '/api/auth/magic-link/exchange', { body: { token } });
  assert.equal((await ask('GET', '/api/auth/validate', { token: first.access_token })).valid, true);
  const again = await call('POST', '/api/auth/magic-link/exchange', { body: { token } });
  assert.deepEqual([again.status, again.body.code], [400, 'LINK_INVALID']);
  const log = readFileSync(process.env.E2E_SERVER_LOG, 'utf8');
  for (const secret of [token, first.refresh_token, first.access_token, ours.email]) {
    assert.ok(!log.includes(secret), 'neither token nor address in the log');
  }
});

test('a forgotten password is chosen anew and every session ends', { timeout: 120_000 }, async (t) => {
  const facts = await postOffice(t);
  const ours = await organization();
  const before = await login(ours.email);
  await call('POST', '/api/auth/password/forgot', { body: { email: ours.email } });
  const mail = await until('the mail', () => facts.find((fact) => fact.to?.[0] === ours.email), 45_000);
  const token = new URL(linkIn(mail)).hash.slice(1);
  const reset = await call('POST', '/api/auth/password/reset', { body: { token, password: 'outra-senha-bem-longa' } });
  assert.equal(reset.status, 204);
  const after = await call('GET', '/api/auth/validate', { token: before.access_token });
  assert.deepEqual([after.status, after.body.code], [401, 'AUTH_SESSION_REVOKED']);
  await login(ours.email, 'outra-senha-bem-longa');
  await until('the notice', () => facts.filter((fact) => fact.to?.[0] === ours.email).length === 2, 45_000);
});
