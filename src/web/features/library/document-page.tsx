import * as text from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const DocumentPage = () => <Page title={text.library.title}>{null}</Page>;
