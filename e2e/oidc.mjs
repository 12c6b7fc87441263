// A real OpenID provider (the certified npm package) for the Rust tests of sign-in. Prints its issuer, then serves until
// its stdin closes. While it runs people are added (PUT /people/<sub> with their claims as JSON) and pages of the client
// (PUT /redirects with one URL as JSON).
import http from 'node:http';
import Provider from 'oidc-provider';

const [clientId, clientSecret] = process.argv.slice(2);
const people = new Map();
const redirects = new Set();
let provider;

const server = http.createServer(async (request, response) => {
  const path = new URL(request.url, 'http://provider').pathname;
  if (request.method === 'PUT') {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks));
    if (path === '/redirects') redirects.add(body);
    else people.set(decodeURIComponent(path.slice('/people/'.length)), body);
    response.writeHead(204).end();
    return;
  }
  provider.callback()(request, response);
});

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: ['http://localhost/none'] }],
    // `papeis` and how somebody proved himself stand in the ID token, the rest is told when asked for.
    claims: { openid: ['sub', 'amr', 'papeis'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    pkce: { required: () => true },
    // The forms that come with the package: any name signs in, any password is right.
    features: { devInteractions: { enabled: true } },
    findAccount: (context, id) => {
      if (context.oidc.session) context.oidc.session.amr = people.get(id)?.amr;
      return { accountId: id, claims: async () => ({ sub: id, ...people.get(id) }) };
    },
    cookies: { keys: ['only for tests'] },
  });
  provider.Client.prototype.redirectUriAllowed = (uri) => redirects.has(uri);
  console.log(issuer);
});

// Whoever read the first line may have closed the pipe; the package likes to warn.
process.stdout.on('error', () => {});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
