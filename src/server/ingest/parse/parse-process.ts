import { AppError } from '../../errors.ts';
import type { FromParseProcess, ToParseProcess } from '../../ports/parse-messages.ts';
import { forbidNetwork } from './forbid-network.ts';

/** The child process that reads files: one at a time, told over IPC, gone when its parent is. */
forbidNetwork();
const send = (message: FromParseProcess) => void process.send?.(message);
process.on('disconnect', () => process.exit(0));

process.on('message', async (message: ToParseProcess) => {
  const { parseFile } = await import('./parse-file.ts');
  if ('warm' in message) {
    await (await import('./pdf-library.ts')).pdfium();
    return;
  }
  try {
    send({ reply: message.call, document: await parseFile(message.file) });
  } catch (error) {
    const { code, message: text } =
      error instanceof AppError ? error : new AppError('INTERNAL', String(error));
    send({ reply: message.call, error: { code, message: text } });
  }
});
send({ ready: true });
