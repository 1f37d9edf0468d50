import { bytesField, floatField, integerField } from './protobuf.ts';

/** `TensorProto.DataType`. */
export const TYPE = { float: 1, uint8: 2, int8: 3, int64: 7 } as const;
type ElementType = (typeof TYPE)[keyof typeof TYPE];

/** Name of a value in the graph: an input, a constant or a node's output. */
export type Value = string;

/** Integers become `INT`, lists `INTS`; `{ float }` becomes `FLOAT`. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** ONNX Runtime's own operators, beside the standard's. */
export const MICROSOFT = 'com.microsoft';
const OPSETS = [
  { domain: '', version: 17 },
  { domain: MICROSOFT, version: 1 },
];
const IR_VERSION = 8;

/**
 * Collects nodes and constants in the order of their making (which is a topological one) and writes them as
 * an ONNX `ModelProto`. Field numbers: onnx/onnx.proto3 of ONNX 1.14.
 */
export function createOnnxGraph(name: string) {
  const nodes: Buffer[] = [];
  const constants = new Map<Value, Buffer>();
  const used = new Set<Value>();
  const inputs: Buffer[] = [];
  const outputs: Buffer[] = [];

  const constant = (name: Value, type: ElementType, dims: readonly number[], bytes: Uint8Array): Value => {
    if (constants.has(name)) throw new Error(`the graph has two constants named ${name}`);
    constants.set(
      name,
      Buffer.concat([
        ...dims.map((dim) => integerField(1, dim)),
        integerField(2, type),
        bytesField(8, name),
        bytesField(9, bytes),
      ]),
    );
    return name;
  };

  return {
    input(name: Value, type: ElementType, dims: readonly (number | string)[]): Value {
      inputs.push(valueInfo(name, type, dims));
      return name;
    },
    /** Declares what the graph hands out; a node must have made `value`. */
    output(value: Value, type: ElementType, dims: readonly (number | string)[]): void {
      used.add(value);
      outputs.push(valueInfo(value, type, dims));
    },
    floats: (name: Value, dims: readonly number[], values: Float32Array): Value =>
      constant(name, TYPE.float, dims, littleEndian(values)),
    signedBytes: (name: Value, dims: readonly number[], values: Int8Array): Value =>
      constant(name, TYPE.int8, dims, new Uint8Array(values.buffer, values.byteOffset, values.length)),
    unsignedBytes: (name: Value, dims: readonly number[], values: Uint8Array): Value =>
      constant(name, TYPE.uint8, dims, values),
    integers(name: Value, values: readonly number[]): Value {
      const bytes = Buffer.alloc(values.length * 8);
      for (const [i, value] of values.entries()) bytes.writeBigInt64LE(BigInt(value), i * 8);
      return constant(name, TYPE.int64, [values.length], bytes);
    },
    /** Adds a node with one output and returns that output. */
    node(
      operator: string,
      inputs: readonly Value[],
      options: { attributes?: Record<string, Attribute>; domain?: string; output?: Value } = {},
    ): Value {
      const { attributes = {}, domain, output = `${operator}_${nodes.length}` } = options;
      for (const input of inputs) used.add(input);
      nodes.push(
        Buffer.concat([
          ...inputs.map((input) => bytesField(1, input)),
          bytesField(2, output),
          bytesField(3, `${operator}_${nodes.length}`),
          bytesField(4, operator),
          ...Object.entries(attributes).map(([key, value]) => bytesField(5, attribute(key, value))),
          ...(domain === undefined ? [] : [bytesField(7, domain)]),
        ]),
      );
      return output;
    },
    /** The bytes of the file. @throws Error when a constant is in nobody's use: it would only cost memory. */
    serialize(producer: string): Buffer {
      const idle = [...constants.keys()].filter((name) => !used.has(name));
      if (idle.length > 0) throw new Error(`unused constants: ${idle.join(', ')}`);
      const graph = Buffer.concat([
        ...nodes.map((node) => bytesField(1, node)),
        bytesField(2, name),
        ...[...constants.values()].map((tensor) => bytesField(5, tensor)),
        ...inputs.map((input) => bytesField(11, input)),
        ...outputs.map((output) => bytesField(12, output)),
      ]);
      return Buffer.concat([
        integerField(1, IR_VERSION),
        bytesField(2, producer),
        bytesField(7, graph),
        ...OPSETS.map(({ domain, version }) =>
          bytesField(8, Buffer.concat([bytesField(1, domain), integerField(2, version)])),
        ),
      ]);
    },
  };
}
export type OnnxGraph = ReturnType<typeof createOnnxGraph>;

function attribute(name: string, value: Attribute): Buffer {
  const [FLOAT, INT, INTS] = [1, 2, 7];
  const head = bytesField(1, name);
  if (typeof value === 'number') return Buffer.concat([head, integerField(3, value), integerField(20, INT)]);
  if ('float' in value) return Buffer.concat([head, floatField(2, value.float), integerField(20, FLOAT)]);
  return Buffer.concat([head, ...value.map((item) => integerField(8, item)), integerField(20, INTS)]);
}

function valueInfo(name: Value, type: ElementType, dims: readonly (number | string)[]): Buffer {
  const shape = dims.map((dim) =>
    bytesField(1, typeof dim === 'number' ? integerField(1, dim) : bytesField(2, dim)),
  );
  const tensor = Buffer.concat([integerField(1, type), bytesField(2, Buffer.concat(shape))]);
  return Buffer.concat([bytesField(1, name), bytesField(2, bytesField(1, tensor))]);
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = Buffer.from(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? bytes : bytes.swap32();
}
