// A real SMTP server for tests: prints one JSON line when it listens, and one for each mail that it takes.
// What it does with a recipient is in the address: refused@ 550, busy@ 450, slow@ never answers. With --login it wants
// the user `mailer` with the password `secret`; with --port=N it listens there, else anywhere.
import { SMTPServer } from 'smtp-server';

const wantsLogin = process.argv.includes('--login');
const port = Number(process.argv.find((word) => word.startsWith('--port='))?.slice(7) ?? 0);
const refuse = (code, text) => Object.assign(new Error(text), { responseCode: code });
const say = (fact) => process.stdout.write(JSON.stringify(fact) + '\n');

const server = new SMTPServer({
  disabledCommands: wantsLogin ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
  allowInsecureAuth: true,
  authOptional: !wantsLogin,
  logger: false,
  onAuth(auth, _session, done) {
    const right = auth.username === 'mailer' && auth.password === 'secret';
    done(right ? null : refuse(535, 'wrong'), right ? { user: auth.username } : undefined);
  },
  onRcptTo({ address }, _session, done) {
    if (address.startsWith('refused@')) return done(refuse(550, 'no such mailbox'));
    if (address.startsWith('busy@')) return done(refuse(450, 'try later'));
    if (address.startsWith('slow@')) return undefined;
    return done();
  },
  onData(stream, session, done) {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      const { mailFrom, rcptTo } = session.envelope;
      say({ from: mailFrom.address, to: rcptTo.map((one) => one.address), raw: Buffer.concat(parts).toString('utf8') });
      done();
    });
  },
});
server.on('error', () => {});
server.listen(port, '127.0.0.1', () => say({ port: server.server.address().port }));
// Ends with whoever started it.
process.stdin.on('end', () => process.exit(0)).resume();
