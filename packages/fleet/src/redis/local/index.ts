export { checkRedis } from './check.ts';
export { explainRedisError } from './explain.ts';
export { findRedisServer, type RedisServerProgram } from './find.ts';
export { provisionRedis } from './provision.ts';
export { type LocalRedis, type LocalRedisOptions, RedisStartError, startLocalRedis } from './start.ts';
export { isOldRedis, OLDEST_REDIS } from './version.ts';
