/** Wire types of protocol buffers: how a field's value is written. */
const VARINT = 0;
const DOUBLE = 1;
const BYTES = 2;
const FLOAT = 5;

/** What the reader takes these files for; from version 2 on it knows starts of sessions. */
const FILE_VERSION = 'brain.Event:2';

/** The first event of a file: its version. Field numbers are those of TensorFlow's event.proto. */
export const versionEvent = (seconds: number): Buffer =>
  Buffer.concat([double(1, seconds), text(3, FILE_VERSION)]);

/** That a session starts at a step: what an earlier one wrote of this step and later ones does not count. */
export const startEvent = (seconds: number, step: number): Buffer =>
  Buffer.concat([double(1, seconds), varint(2, step), message(7, varint(1, 1))]);

/** Numbers by their tags at a step. */
export function scalarsEvent(
  seconds: number,
  step: number,
  scalars: readonly (readonly [tag: string, value: number])[],
): Buffer {
  const values = scalars.map(([tag, value]) => message(1, Buffer.concat([text(1, tag), float(2, value)])));
  return Buffer.concat([double(1, seconds), varint(2, step), message(5, Buffer.concat(values))]);
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

const key = (field: number, wireType: number): number => (field << 3) | wireType;

const varint = (field: number, value: number): Buffer =>
  Buffer.from([key(field, VARINT), ...varintBytes(value)]);

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = key(field, DOUBLE);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = key(field, FLOAT);
  bytes.writeFloatLE(value, 1);
  return bytes;
}

const message = (field: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([key(field, BYTES), ...varintBytes(bytes.length)]), bytes]);

const text = (field: number, value: string): Buffer => message(field, Buffer.from(value, 'utf8'));
