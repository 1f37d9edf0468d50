import { text } from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const SettingsPage = () => <Page title={text.settings.title}>{null}</Page>;
