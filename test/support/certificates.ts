import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority, and a certificate of it for the host `name`. */
export function certificates(folder: string, name = 'localhost'): Certificates {
  const file = (base: string): string => join(folder, base);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    ...['req', '-x509', ...fresh, '-subj', '/CN=Fleet CA'],
    ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
  );
  openssl(
    ...['req', ...fresh, '-subj', `/CN=${name}`],
    ...['-keyout', file('key.pem'), '-out', file('request.pem')],
  );
  writeFileSync(file('names'), `subjectAltName=DNS:${name}`);
  openssl(
    ...['x509', '-req', '-in', file('request.pem'), '-out', file('cert.pem'), '-extfile', file('names')],
    ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'],
  );
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}
