import { useEffect, useState } from 'react';
import * as text from '../text/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogActions } from '../ui/dialog.tsx';
import { Field, Input } from '../ui/field.tsx';
import { addUrl, URL_DIALOG_EVENT } from './uploads.ts';

export function UrlDialog({ collectionId }: { collectionId: string | undefined }) {
  const [open, setOpen] = useState(false);
  const [into, setInto] = useState<string>();
  const [url, setUrl] = useState('');
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    const show = (event: Event) => {
      setInto((event as CustomEvent<{ collectionId?: string }>).detail.collectionId ?? collectionId);
      setUrl('');
      setFault(undefined);
      setOpen(true);
    };
    addEventListener(URL_DIALOG_EVENT, show);
    return () => removeEventListener(URL_DIALOG_EVENT, show);
  }, [collectionId]);

  const submit = () => {
    const address = /^[a-z][a-z0-9+.-]*:/i.test(url.trim()) ? url.trim() : `https://${url.trim()}`;
    if (!/^https?:\/\/[^/\s]+\.[^/\s]+/i.test(address) || !URL.canParse(address))
      return setFault(text.upload.urlInvalid);
    setOpen(false);
    void addUrl(address, { collectionId: into });
  };

  return (
    <Dialog open={open} onClose={() => setOpen(false)} title={text.upload.urlTitle}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div className="px-5 pb-5">
          <Field label={text.upload.urlLabel} hint={text.upload.urlHint} error={fault}>
            {(tie) => (
              <Input
                {...tie}
                type="url"
                inputMode="url"
                autoComplete="off"
                placeholder="https://"
                value={url}
                onChange={(event) => {
                  setUrl(event.target.value);
                  setFault(undefined);
                }}
              />
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={() => setOpen(false)}>{text.ui.cancel}</Button>
          <Button look="primary" type="submit">
            {text.upload.urlAdd}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
