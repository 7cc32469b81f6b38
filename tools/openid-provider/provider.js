/**
 * An OpenID provider (npm `oidc-provider`) on loopback, told what to do by lines of JSON on its
 * standard input; each is answered by one line on standard output. It ends when its input ends.
 *
 *   {"keys": [JWK, ...]}    sign by these from now on and publish no others; the first order of all
 *   {"clients": [...], "apple": {"clientId", "team", "keyId", "key": JWK}}   set up, or anew
 *   {"sign": {...claims}}   have a JWT signed, as for a notice
 *   {"events": true}        what has happened since it was asked last
 *
 * Keys are given, not made here: making and exporting them once hung Node.js 20 for good.
 */

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from "jose";
import Provider from "oidc-provider";

console.info = console.error; // the provider's advice; standard output is for answers

const APPLE_SECRET = "known to the provider alone";
const HALF_A_YEAR = 15_777_000; // seconds; Apple's longest life of a client secret

const server = createServer((request, response) => answer(request, response));
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

let keys = [];
let clients = [];
let apple = null;
let events = [];
let answer = (_request, response) => response.writeHead(503).end();

/** A provider with the keys and clients of now; sessions and codes live on in its memory. */
function open() {
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys },
    cookies: { keys: ["for tests"] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256"] },
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      name: ["name"],
      email: ["email", "email_verified"],
    },
    features: { revocation: { enabled: true } },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    ttl: { AuthorizationCode: (_ctx, _code, client) => (client.clientId === "hasty" ? 1 : 60) },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: `${id} Example`,
        preferred_username: id,
        email: `${id}@provider.example`,
        email_verified: true,
      }),
    }),
  });
  provider.use(asApple);
  provider.on("grant.success", (ctx) => {
    const { body, client } = ctx.oidc;
    const shown = { clientId: client.clientId, basic: Boolean(ctx.headers.authorization) };
    events.push({ type: "grant", ...shown, fields: Object.keys(body).filter((name) => body[name] !== undefined) });
  });
  provider.on("grant.error", (_ctx, fault) => events.push({ type: "refusal", why: fault.error_detail ?? fault.message }));
  provider.on("refresh_token.destroyed", (token) => events.push({ type: "revoked", accountId: token.accountId }));
  return provider.callback();
}

/** Check Apple's kind of client secret as Apple documents it; then it is an ordinary one. */
async function asApple(ctx, next) {
  if (apple === null || ctx.method !== "POST" || !ctx.path.startsWith("/token")) return next();
  const parts = [];
  for await (const part of ctx.req) parts.push(part);
  const form = new URLSearchParams(Buffer.concat(parts).toString());
  if (form.get("client_id") === apple.clientId) {
    form.set("client_secret", (await isApples(form.get("client_secret") ?? "")) ? APPLE_SECRET : "wrong");
  }
  ctx.req.body = form.toString();
  return next();
}

async function isApples(secret) {
  try {
    const { alg, kid } = decodeProtectedHeader(secret);
    const key = await importJWK(apple.key, "ES256");
    const { payload } = await jwtVerify(secret, key, { algorithms: ["ES256"], issuer: apple.team, audience: issuer });
    const isShort = payload.exp - payload.iat <= HALF_A_YEAR;
    return alg === "ES256" && kid === apple.keyId && payload.sub === apple.clientId && isShort;
  } catch (fault) {
    events.push({ type: "refusal", why: fault.message });
    return false;
  }
}

async function signed(claims) {
  const [{ kid }] = keys;
  return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(await importJWK(keys[0], "RS256"));
}

async function done(order) {
  if (order.sign) return { jwt: await signed(order.sign) };
  if (order.events) {
    const told = events;
    events = [];
    return { events: told };
  }
  if (order.keys) keys = order.keys;
  if (order.clients) clients = order.clients;
  if (order.apple) {
    apple = order.apple;
    clients = clients.map((one) => (one.client_id === apple.clientId ? { ...one, client_secret: APPLE_SECRET } : one));
  }
  answer = open();
  return { done: true };
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
say({ issuer });
for await (const line of createInterface({ input: process.stdin })) say(await done(JSON.parse(line)));
server.close();
server.closeAllConnections();
