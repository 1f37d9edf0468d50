import { text } from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const SignInPage = () => <Page title={text.signIn.title}>{null}</Page>;
