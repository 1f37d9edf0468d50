import { text } from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const NewChatPage = () => <Page title={text.chat.title}>{null}</Page>;
export const ChatPage = NewChatPage;
