/**
 * The part of the protocol buffer wire format that an ONNX file needs.
 * Source: protobuf.dev/programming-guides/encoding. A message is the concatenation of its fields.
 */
const WIRE = { varint: 0, bytes: 2, float: 5 } as const;

const tag = (field: number, wire: number): Buffer => varint(BigInt((field << 3) | wire));

/** Negative numbers take ten bytes, as two's complement in 64 bits. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export const integerField = (field: number, value: number): Buffer =>
  Buffer.concat([tag(field, WIRE.varint), varint(BigInt(value))]);

/** A string, raw bytes or a nested message. */
export function bytesField(field: number, value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([tag(field, WIRE.bytes), varint(BigInt(bytes.length)), bytes]);
}

export function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, WIRE.float), bytes]);
}
