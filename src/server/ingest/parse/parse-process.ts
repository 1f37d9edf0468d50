import { AppError } from '../../errors.ts';
import type { FromParseProcess, ToParseProcess } from '../../ports/parse-messages.ts';
import { forbidNetwork } from './forbid-network.ts';

/** The child process that reads files: one at a time, told over IPC, gone when its parent is. */
forbidNetwork();
/** Resolves once the message has left: work that never waits would hold back all that it sends until its end. */
const send = (message: FromParseProcess) =>
  new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
process.on('disconnect', () => process.exit(0));

process.on('message', async (message: ToParseProcess) => {
  const { drawPage, parseFile } = await import('./parse-file.ts');
  if ('warm' in message) {
    await (await import('./pdf-library.ts')).pdfium();
    return;
  }
  try {
    const reply = message.call;
    if ('drawPage' in message) {
      await send({ reply, image: await drawPage(message.file, message.drawPage) });
      return;
    }
    await send({ reply, part: await parseFile(message.file, (part) => send({ reply, part })) });
  } catch (error) {
    const { code, message: text } =
      error instanceof AppError ? error : new AppError('INTERNAL', String(error));
    await send({ reply: message.call, error: { code, message: text } });
  }
});
void send({ ready: true });
