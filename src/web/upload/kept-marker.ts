const MARKER = 'ka.uploads-kept';

/** Whether this tab may have uploads from before a reload: looking for them takes more than this. */
export const hasKeptUploads = (): boolean => sessionStorage.getItem(MARKER) !== null;
export const markKeptUploads = (): void => sessionStorage.setItem(MARKER, 'yes');
export const unmarkKeptUploads = (): void => sessionStorage.removeItem(MARKER);
