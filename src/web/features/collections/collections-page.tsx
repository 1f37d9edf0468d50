import * as text from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const CollectionsPage = () => <Page title={text.collections.title}>{null}</Page>;
