import { createOnnxGraph, MICROSOFT, type OnnxGraph, TYPE, type Value } from './onnx-graph.ts';
import { quantizeColumns } from './quantize-columns.ts';
import type { TfjsWeights } from './tfjs-weights.ts';

/** Sizes of all-MiniLM-L6-v2, a BERT encoder. */
const LAYERS = 6;
const HEADS = 12;
const WIDTH = 384;
const INNER = 1536;
const WORDS = 30_522;
const POSITIONS = 512;
const EPSILON = 1e-12;
/** Texts are cut here: what the model was trained with. */
export const MAX_TOKENS = 256;
export const DIMENSIONS = WIDTH;

const ROOT = 'StatefulPartitionedCall/model/tf_bert_model/bert/';

/**
 * `pc7`: matrices in 7 bits with a scale a column, multiplied in integers. `fp32`: everything in float32, to
 * compare with.
 */
export type Precision = 'pc7' | 'fp32';

/**
 * The encoder with mean pooling and L2 normalization as one ONNX model.
 *
 * Input `input_ids` int64 [1, tokens], output `sentence_embedding` float32 [1, 384]. One text a run, because
 * `DynamicQuantizeMatMul` scales activations over the whole input: in a batch, a text's vector would depend on
 * its neighbours. So there is no padding, no attention mask and only segment 0.
 */
export function buildMiniLm(weights: TfjsWeights, precision: Precision): Buffer {
  const graph = createOnnxGraph('all-MiniLM-L6-v2');
  const layers = encoderParts(graph, weights, precision);
  const ids = graph.input('input_ids', TYPE.int64, [1, 'tokens']);
  let hidden = layers.embed(ids);
  for (let layer = 0; layer < LAYERS; layer++)
    hidden = layers.encode(hidden, `${ROOT}encoder/layer_._${layer}/`);
  const mean = graph.node('ReduceMean', [hidden], { attributes: { axes: [1], keepdims: 0 } });
  const output = graph.node('LpNormalization', [mean], {
    attributes: { axis: -1, p: 2 },
    output: 'sentence_embedding',
  });
  graph.output(output, TYPE.float, [1, WIDTH]);
  return graph.serialize('knowledge-assistant');
}

function encoderParts(graph: OnnxGraph, weights: TfjsWeights, precision: Precision) {
  const byHead = graph.integers('shape_by_head', [0, 0, HEADS, WIDTH / HEADS]);
  const joined = graph.integers('shape_joined', [0, 0, WIDTH]);
  const scale = graph.floats('attention_scale', [], new Float32Array([1 / Math.sqrt(WIDTH / HEADS)]));

  const normalize = (value: Value, name: string): Value =>
    graph.node(
      'LayerNormalization',
      [
        value,
        graph.floats(
          `${name}/gain`,
          [WIDTH],
          weights.floats(`${name}/batchnorm/mul/ReadVariableOp`, [WIDTH]),
        ),
        graph.floats(`${name}/bias`, [WIDTH], weights.floats(`${name}/batchnorm/ReadVariableOp`, [WIDTH])),
      ],
      { attributes: { axis: -1, epsilon: { float: EPSILON } } },
    );

  /** `value · matrix + bias`, over the last axis. */
  const dense = (value: Value, name: string, from: number, to: number): Value => {
    const matrix = weights.floats(`${name}/Tensordot/ReadVariableOp`, [from, to]);
    const bias = graph.floats(`${name}/bias`, [to], weights.floats(`${name}/BiasAdd/ReadVariableOp`, [to]));
    if (precision === 'fp32')
      return graph.node('Add', [
        graph.node('MatMul', [value, graph.floats(`${name}/matrix`, [from, to], matrix)]),
        bias,
      ]);
    const { codes, scales } = quantizeColumns(matrix, to);
    const inputs = [
      value,
      graph.signedBytes(`${name}/codes`, [from, to], codes),
      graph.floats(`${name}/scales`, [to], scales),
      graph.signedBytes(`${name}/zeros`, [to], new Int8Array(to)),
      bias,
    ];
    return graph.node('DynamicQuantizeMatMul', inputs, { domain: MICROSOFT });
  };

  /** The words' vectors stay in the 8 bits in which they came: 12 MB instead of 47, and nothing is lost. */
  const wordVectors = (ids: Value): Value => {
    const { bytes, scale, min } = weights.quantized('unknown', [WORDS, WIDTH]);
    const table = graph.unsignedBytes('words', [WORDS, WIDTH], bytes);
    return graph.node('DequantizeLinear', [
      graph.node('Gather', [table, ids]),
      graph.floats('words/scale', [], new Float32Array([scale])),
      graph.unsignedBytes('words/zero', [], Uint8Array.of(Math.round(-min / scale))),
    ]);
  };

  /** Position and segment 0 are one table: the segment is always the same. */
  const positionVectors = (ids: Value): Value => {
    const positions = weights.floats('unknown_0', [POSITIONS, WIDTH]).subarray(0, MAX_TOKENS * WIDTH);
    const segments = weights.floats('unknown_1', [2, WIDTH]);
    const table = graph.floats(
      'positions',
      [MAX_TOKENS, WIDTH],
      positions.map((value, i) => value + segments[i % WIDTH]!),
    );
    const length = graph.node('Shape', [ids], { attributes: { start: 1, end: 2 } });
    return graph.node('Slice', [table, graph.integers('zero', [0]), length]);
  };

  const attend = (value: Value, name: string): Value => {
    const heads = (part: string, perm: readonly number[]) =>
      graph.node(
        'Transpose',
        [graph.node('Reshape', [dense(value, `${name}self/${part}`, WIDTH, WIDTH), byHead])],
        { attributes: { perm } },
      );
    // scaled before the product: tokens × 32 numbers a head instead of tokens × tokens
    const query = graph.node('Mul', [heads('query', [0, 2, 1, 3]), scale]);
    const scores = graph.node('MatMul', [query, heads('key', [0, 2, 3, 1])]);
    const shares = graph.node('Softmax', [scores], { attributes: { axis: -1 } });
    const mixed = graph.node('Transpose', [graph.node('MatMul', [shares, heads('value', [0, 2, 1, 3])])], {
      attributes: { perm: [0, 2, 1, 3] },
    });
    return dense(graph.node('Reshape', [mixed, joined]), `${name}output/dense`, WIDTH, WIDTH);
  };

  return {
    embed: (ids: Value): Value =>
      normalize(graph.node('Add', [wordVectors(ids), positionVectors(ids)]), `${ROOT}embeddings/LayerNorm`),
    encode(hidden: Value, name: string): Value {
      const attended = normalize(
        graph.node('Add', [attend(hidden, `${name}attention/`), hidden]),
        `${name}attention/output/LayerNorm`,
      );
      const inner = graph.node('Gelu', [dense(attended, `${name}intermediate/dense`, WIDTH, INNER)], {
        domain: MICROSOFT,
      });
      return normalize(
        graph.node('Add', [dense(inner, `${name}output/dense`, INNER, WIDTH), attended]),
        `${name}output/LayerNorm`,
      );
    },
  };
}
