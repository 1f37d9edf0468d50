import { useState, useSyncExternalStore } from 'react';
import * as text from '../text/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogActions } from '../ui/dialog.tsx';
import { Field, Input } from '../ui/field.tsx';
import { addUrl, urlDialog } from './uploads.ts';

export function UrlDialog({ collectionId }: { collectionId: string | undefined }) {
  const asked = useSyncExternalStore(urlDialog.subscribe, urlDialog.get);
  return asked === undefined ? null : <OpenDialog into={asked.collectionId ?? collectionId} />;
}

const close = () => urlDialog.set(undefined);

function OpenDialog({ into }: { into: string | undefined }) {
  const [url, setUrl] = useState('');
  const [fault, setFault] = useState<string>();

  const submit = () => {
    const address = /^[a-z][a-z0-9+.-]*:/i.test(url.trim()) ? url.trim() : `https://${url.trim()}`;
    if (!/^https?:\/\/[^/\s]+\.[^/\s]+/i.test(address) || !URL.canParse(address))
      return setFault(text.upload.urlInvalid);
    close();
    void addUrl(address, { collectionId: into });
  };

  return (
    <Dialog open onClose={close} title={text.upload.urlTitle}>
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
          <Button onClick={close}>{text.ui.cancel}</Button>
          <Button look="primary" type="submit">
            {text.upload.urlAdd}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
