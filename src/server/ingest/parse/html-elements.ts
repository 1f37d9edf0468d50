/** What an element's name and attributes say about its text. */

const names = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Never text for a reader; `rt` and `rp` say how the word below them is read, `annotation` repeats a formula. */
const DROPPED = names(
  'script style noscript template svg canvas iframe object embed audio video select option button textarea datalist dialog map ' +
    'rt rp rtc annotation annotation-xml',
);
const FRAME = names('nav footer aside menu');
const FRAME_ROLES = names('navigation contentinfo search complementary');
const HEADINGS = names('h1 h2 h3 h4 h5 h6');
const BLOCKS = names(
  'p div section article main header footer aside nav figure figcaption blockquote address details summary dl dt dd form fieldset ' +
    'legend hr center body html ul ol menu caption',
);

type Attributes = Readonly<Record<string, string>>;

export const isHeading = (name: string): boolean => HEADINGS.has(name);

export const isBlock = (name: string): boolean => BLOCKS.has(name);

/** @param inHeading headings that unfold their text are buttons. */
export function isDropped(name: string, attributes: Attributes, inHeading: boolean): boolean {
  if (DROPPED.has(name)) return name !== 'button' || !inHeading;
  const { hidden, style } = attributes;
  // what a search in the page may unfold is text of the page
  if (hidden !== undefined && hidden.toLowerCase() !== 'until-found') return true;
  if (attributes['aria-hidden'] === 'true') return true;
  return (
    style !== undefined &&
    /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|$)/i.test(style)
  );
}

/** Around the content rather than part of it. Notes beside the text are `aside` as well, inside the content. */
export function isFrame(name: string, attributes: Attributes, inContent: boolean): boolean {
  if (name === 'nav' || name === 'menu') return true;
  if (FRAME.has(name)) return !inContent;
  const role = attributes['role'];
  return role !== undefined && FRAME_ROLES.has(role) && !(role === 'complementary' && inContent);
}

/** The head of a site: a frame but for the page's own title, which some writers put there. */
export const isBanner = (name: string, attributes: Attributes, inContent: boolean): boolean =>
  (name === 'header' && !inContent) || attributes['role'] === 'banner';
