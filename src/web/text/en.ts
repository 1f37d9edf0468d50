import { admin } from './en/admin.ts';
import { chat } from './en/chat.ts';
import { collections } from './en/collections.ts';
import { dashboard } from './en/dashboard.ts';
import { library } from './en/library.ts';
import { plot } from './en/plot.ts';
import { settings } from './en/settings.ts';
import { shell } from './en/shell.ts';
import { signIn } from './en/sign-in.ts';
import { ui } from './en/ui.ts';
import { upload } from './en/upload.ts';
import { viewer } from './en/viewer.ts';

/** English. One file an area; what depends on a number is a function. */
export const en = {
  ui,
  shell,
  signIn,
  dashboard,
  library,
  collections,
  upload,
  viewer,
  plot,
  chat,
  admin,
  settings,
};
