// An OpenID Connect provider on a port of the loopback, for tests.
//
// node provider.js '{"port": 1, "groups": {"anna": ["a"]}, "clients": [...]}'
// Whoever signs in under a name of `groups` has these groups; any password will do. A request to
// /test/rotate makes the provider sign with a new key and forget the former one.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const options = JSON.parse(process.argv[2]);
const issuer = `http://localhost:${options.port}`;

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const id = randomBytes(6).toString('hex');
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: id };
}

function startProvider() {
  const provider = new Provider(issuer, {
    clients: options.clients,
    jwks: { keys: [signingKey()] },
    cookies: { keys: ['a secret of the test'] },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'groups'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: options.conform ?? true,
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    pkce: { required: () => true },
    // Without the guard against addresses of this machine, and with time for a busy one.
    fetch: (url, { dispatcher, signal, ...request }) =>
      fetch(url, { ...request, signal: AbortSignal.timeout(60_000) }),
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        name: `${sub} of the test`,
        preferred_username: sub,
        email: `${sub}@example.com`,
        groups: options.groups[sub] ?? [],
      }),
    }),
    // Nobody is asked for consent: the company runs both.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Interaction: 600, Session: 600, Grant: 600 },
  });
  provider.on('server_error', (_, error) => console.error(error));
  return provider.callback();
}

let answer = startProvider();
createServer((request, response) => {
  if (request.url === '/test/rotate') {
    answer = startProvider();
    response.end('rotated');
  } else {
    answer(request, response);
  }
}).listen(options.port, '127.0.0.1', () => console.log('ready'));
