import { en } from './en.ts';

/**
 * The words of the app in the person's language. Another language is another file of the type `Catalogue`, chosen
 * here by `navigator.languages` before the first view is drawn.
 */
export type Catalogue = typeof en;
export const text: Catalogue = en;
