import { displayUrl } from '../redis-url.ts';

const TLS_CODES = /^(ERR_SSL_|ERR_TLS_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$)/;
const isTls = (url: string): boolean => /^rediss(-cluster)?:/i.test(url);
const UNTRUSTED = /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** Says in one sentence why a Redis could not be used, and what to do. User and password are not shown.
 * @param error what ioredis emitted or rejected with
 * @param url the address that was tried: redis://, rediss://, redis-cluster://, rediss-cluster:// or unix:// */
export function explainRedisError(error: unknown, url: string): string {
  const { code = '', message } = innermost(error);
  const where = displayUrl(url);
  const reply = message.split(' ')[0];
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    return `No Redis answers at ${where} (${code}): start it, or correct the address given with --redis.`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `The host name in ${where} is unknown (${code}): correct the address given with --redis.`;
  }
  if (code === 'ETIMEDOUT' && isTls(url)) {
    return `Redis at ${where} does not answer in TLS (${code}): see that the host is up, or use redis:// if its port is without TLS.`;
  }
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
    return `Redis at ${where} can't be reached (${code}): see that the host is up and that no firewall blocks the port.`;
  }
  if (code === 'EACCES') {
    return `This user may not open ${where} (${code}): run as the user that started that Redis.`;
  }
  if (UNTRUSTED.test(code)) {
    return `The certificate of Redis at ${where} is signed by nobody that this machine trusts (${code}): name its CA's file in QFLEET_REDIS_CA.`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `The certificate of Redis at ${where} is for another host (${code}): use the name that stands in it, or give it in QFLEET_REDIS_SERVERNAME.`;
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return `The certificate of Redis at ${where} has expired (${code}): renew it.`;
  }
  if (TLS_CODES.test(code) || (code === 'ECONNRESET' && isTls(url))) {
    return `Redis at ${where} does not speak TLS as expected (${code}): use redis:// if its port is without TLS.`;
  }
  if (reply === 'WRONGPASS' || /invalid password/i.test(message)) {
    return `Redis at ${where} refused the user name or password (WRONGPASS): correct them in the URL, where % and other reserved characters are percent-encoded, or in QFLEET_REDIS_PASSWORD.`;
  }
  if (reply === 'NOAUTH') {
    return `Redis at ${where} asks for a password (NOAUTH): give it as redis://user:password@host:port or in QFLEET_REDIS_PASSWORD.`;
  }
  if (reply === 'CLUSTERDOWN') {
    return `The Redis Cluster at ${where} is down (CLUSTERDOWN): start the nodes that are missing, and wait until they have met.`;
  }
  if (reply === 'DENIED') {
    return `Redis at ${where} takes connections from its own machine alone (DENIED): give it users with passwords, or set protected-mode no.`;
  }
  if (reply === 'BUSY') {
    return `Redis at ${where} is kept busy by a script that does not end (BUSY): call SCRIPT KILL or FUNCTION KILL on it.`;
  }
  if (message.startsWith('ERR max number of clients')) {
    return `Redis at ${where} has all the clients that it may have: raise its maxclients, or end some.`;
  }
  if (reply === 'NOPERM') {
    return `The user of ${where} may not do what Qfleet needs (${message}): extend its ACL.`;
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || /connection is closed/i.test(message)) {
    return `Redis at ${where} closed the connection: use rediss:// if its port is for TLS, else see the server's log.`;
  }
  return `Redis at ${where} can't be used: ${message}.`;
}

/** The error that the others are wrapped around: ioredis and Node's address racing both wrap. */
function innermost(error: unknown): { code?: string; message: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner instanceof Error ? innermost(inner) : error;
}
