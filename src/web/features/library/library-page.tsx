import { text } from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const LibraryPage = () => <Page title={text.library.title}>{null}</Page>;
