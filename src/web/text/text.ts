/**
 * The words of the app, by area: `import * as text`. Each area goes into the chunk that uses it. Another language is a
 * folder of the same shape as `en/`, and a build in which it stands in its place.
 */
export { admin } from './en/admin.ts';
export { chat } from './en/chat.ts';
export { collections } from './en/collections.ts';
export { dashboard } from './en/dashboard.ts';
export { library } from './en/library.ts';
export { plot } from './en/plot.ts';
export { settings } from './en/settings.ts';
export { shell } from './en/shell.ts';
export { signIn } from './en/sign-in.ts';
export { ui } from './en/ui.ts';
export { upload } from './en/upload.ts';
export { viewer } from './en/viewer.ts';
