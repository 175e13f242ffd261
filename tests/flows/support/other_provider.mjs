// A provider that is not Keycloak: the package oidc-provider. Prints its issuer, ends with stdin.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider, errors } from 'oidc-provider';

const key = (kid, alg, type, options) => {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
};
const keys = [
  key('rsa', 'RS256', 'rsa', { modulusLength: 2048 }),
  key('ec', 'ES256', 'ec', { namedCurve: 'P-256' }),
];
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const arguments_ = JSON.parse(process.argv[2]);
  const redirect_uris = ['https://app.example/callback'];
  const grants = ['authorization_code', 'refresh_token'];
  const device = 'urn:ietf:params:oauth:grant-type:device_code';
  const secret = arguments_.secret;
  const client = (client_id, more) => ({
    client_id, client_secret: secret, redirect_uris, grant_types: grants, response_types: ['code'],
    post_logout_redirect_uris: ['https://app.example/bye'], ...more,
  });
  const provider = new Provider(issuer, {
    clients: [
      client('app', { grant_types: [...grants, device, 'client_credentials'] }),
      client('bound', { dpop_bound_access_tokens: true }),
      client('pushing', { require_pushed_authorization_requests: true }),
      client('signing', {
        token_endpoint_auth_method: 'private_key_jwt', client_secret: undefined,
        token_endpoint_auth_signing_alg: 'ES256', jwks: arguments_.jwks,
        id_token_signed_response_alg: 'ES256',
        id_token_encrypted_response_alg: 'RSA-OAEP-256', id_token_encrypted_response_enc: 'A256GCM',
      }),
      ...['to-the-token-endpoint', 'to-the-endpoint'].map((client_id) => client(client_id, {
        grant_types: [...grants, device, 'client_credentials', 'urn:openid:params:grant-type:ciba'],
        token_endpoint_auth_method: 'private_key_jwt', client_secret: undefined,
        jwks: arguments_.jwks, backchannel_token_delivery_mode: 'poll',
      })),
      client('calling', {
        grant_types: [...grants, 'urn:openid:params:grant-type:ciba'],
        backchannel_token_delivery_mode: 'poll',
      }),
      client('asking', { introspection_signed_response_alg: 'RS256' }),
      client('notified', {
        backchannel_logout_uri: arguments_.logout, backchannel_logout_session_required: true,
      }),
    ],
    // Some take one audience only.
    assertJwtClientAuthClaimsAndHeader: async (ctx, { aud }, _, { clientId }) => {
      const wanted = {
        'to-the-token-endpoint': `${issuer}/token`, 'to-the-endpoint': `${issuer}${ctx.path}`,
      };
      if (clientId in wanted && aud !== wanted[clientId]) {
        throw new errors.InvalidClientAuth(`the audience is ${aud}`);
      }
    },
    claims: { openid: ['sub'], email: ['email'] },
    clientBasedCORS: () => false,
    cookies: { keys: ['a key of this test'] },
    features: {
      backchannelLogout: { enabled: true },
      ciba: {
        enabled: true,
        deliveryModes: ['poll'],
        processLoginHint: async (_, hint) => hint,
        validateBindingMessage: async () => {},
        validateRequestContext: async () => {},
        verifyUserCode: async () => {},
        // Eve refuses, everybody else agrees at once.
        triggerAuthenticationDevice: async (_, request, account, client) => {
          if (account.accountId === 'eve') {
            await provider.backchannelResult(request, new errors.AccessDenied());
            return;
          }
          const { accountId } = account;
          const grant = new provider.Grant({ accountId, clientId: client.clientId });
          grant.addOIDCScope('openid email');
          await grant.save();
          await provider.backchannelResult(request, grant);
        },
      },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
      deviceFlow: { enabled: true },
      encryption: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      jwtResponseModes: { enabled: true },
      jwtUserinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      registration: { enabled: true, initialAccessToken: arguments_.initial },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    // Its own way to call clients refuses addresses of this machine.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    findAccount: (_, id) => ({
      accountId: id, claims: async () => ({ sub: id, email: `${id}@example.org` }),
    }),
    issueRefreshToken: () => true,
    jwks: { keys },
    rotateRefreshToken: () => true,
    scopes: ['openid', 'offline_access', 'email'],
  });
  for (const event of ['server_error', 'backchannel.error']) {
    provider.on(event, (...args) => console.error(event, ...args.slice(1)));
  }
  server.on('request', provider.callback());
  console.log(issuer);
});

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
