import { useEffect, useState } from 'react';

/** Reads out the title of the page that was gone to: without a page load the browser does not. */
export function TitleAnnouncer() {
  const [title, setTitle] = useState('');
  useEffect(() => {
    const element = document.querySelector('title') as HTMLTitleElement;
    const watch = new MutationObserver(() => setTitle(document.title));
    watch.observe(element, { childList: true });
    return () => watch.disconnect();
  }, []);
  return (
    <p role="status" className="sr-only">
      {title}
    </p>
  );
}
