import * as text from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';
import { AccountCard } from './account-card.tsx';
import { ApiKeysCard } from './api-keys-card.tsx';
import { AppearanceCard } from './appearance-card.tsx';
import { PasswordCard } from './password-card.tsx';
import { ProfileCard } from './profile-card.tsx';
import { SharingCard } from './sharing-card.tsx';

export const SettingsPage = () => (
  <Page title={text.settings.title} narrow>
    <div className="flex flex-col gap-5">
      <ProfileCard />
      <AppearanceCard />
      <PasswordCard />
      <ApiKeysCard />
      <SharingCard />
      <AccountCard />
    </div>
  </Page>
);
