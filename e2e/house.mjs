// The server under test: where it is, its command line, its REST API, and organizations made for one test each.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see e2e/README.md`);
  return value;
};

export const url = () => need('BALCAO_URL').replace(/\/$/, '');
export const PASSWORD = 'correct-horse-battery-9';

/** Runs `balcao ARGS --json` and hands back what it printed. */
export function balcao(args, stdin = '') {
  return new Promise((resolve, reject) => {
    const child = execFile(need('BALCAO_BIN'), [...args, '--json'], (error, out, err) => {
      if (error) return reject(new Error(`balcao ${args.join(' ')}: ${error.message}\n${err}`));
      try {
        resolve(out.trim() ? JSON.parse(out) : null);
      } catch {
        reject(new Error(`balcao ${args.join(' ')} printed no JSON: ${out}`));
      }
    });
    child.stdin.end(stdin);
  });
}

/** An HTTP answer as {status, headers, body}; JSON bodies are parsed. Never throws for a status. */
export async function call(method, path, { token, body, headers = {} } = {}) {
  const answer = await fetch(url() + path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  const json = /json/.test(answer.headers.get('content-type') ?? '');
  return { status: answer.status, headers: answer.headers, body: json && text ? JSON.parse(text) : text };
}

/** The same, but anything outside 2xx is an error. */
export async function ask(method, path, options) {
  const answer = await call(method, path, options);
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

export const login = (email, password = PASSWORD) =>
  ask('POST', '/api/auth/login', { body: { email, password } });

let made = 0;
const unique = () => `${Date.now().toString(36)}${(made++).toString(36)}${randomBytes(2).toString('hex')}`;
const digits = (n) => Array.from(randomBytes(n), (b) => String(b % 10)).join('').replace(/^0/, '7');

/**
 * A new organization with an admin and a WhatsApp number. `simulation: false` needs the Graph stand-in to be listening.
 */
export async function organization({ simulation = true } = {}) {
  const slug = `e2e-${unique()}`;
  await balcao(['organization', 'create', '--slug', slug, '--name', `Clinic ${slug}`, '--kind', 'clinic']);
  const email = `admin@${slug}.example`;
  await user(slug, email, 'admin');
  const phone = { id: digits(15), display: `+5511${digits(8)}`, waba: digits(15) };
  const account = await balcao(
    ['channel', 'create', 'whatsapp', '--organization', slug, '--name', 'Front desk', '--phone-number-id', phone.id,
      '--display-number', phone.display, '--waba-id', phone.waba, '--access-token-stdin',
      ...(simulation ? ['--simulation'] : [])],
    `token-${slug}\n`,
  );
  return { slug, email, phone, account };
}

export async function user(slug, email, role) {
  return balcao(
    ['user', 'create', '--organization', slug, '--email', email, '--name', 'Ana Exemplo', '--role', role, '--password-stdin'],
    `${PASSWORD}\n`,
  );
}

/** Waits until `look` answers something truthy, and hands that back; after `ms` it fails with `what`. */
export async function until(what, look, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = look();
    const found = await answer;
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${typeof what === 'function' ? what() : what}`);
    // What asks the server asks less often, or it would be the load that a rate limit is for.
    await new Promise((r) => setTimeout(r, answer instanceof Promise ? 150 : 10));
  }
}

/** All items of a list, page by page. */
export async function all(path, token) {
  const items = [];
  let cursor = null;
  do {
    const glue = path.includes('?') ? '&' : '?';
    const page = await ask('GET', `${path}${glue}limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, { token });
    items.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}
