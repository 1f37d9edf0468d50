import { expect, test } from 'vitest';
import { openBrowserHouse } from '../support/browser-house.ts';
import { textFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

const tide = textFile('tide.md', '# Tide table\n\nHigh water on Sunday is at six.\n');

describeWith('browser', 'collections', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('one is made, filled and shared, and whom it is shared with reads and asks but changes nothing', async () => {
    const owner = await house.newPerson();
    const reader = await house.newPerson();
    const page = await house.visit({ as: owner, path: '/collections' });
    await page.getByRole('button', { name: 'New collection' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'New collection' });
    await dialog.getByLabel('Name').fill('Quay');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: 'Quay', exact: true }).click();
    await page.getByRole('heading', { name: 'Quay', level: 1 }).waitFor();
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Upload', exact: true }).first().click(),
    ]);
    await chooser.setFiles([tide]);
    await page.getByRole('row').filter({ hasText: 'Tide table' }).getByText('Ready').waitFor();

    await page.getByRole('link', { name: 'Collections' }).click();
    await page.getByRole('button', { name: 'Actions for Quay' }).click();
    await page.getByRole('menuitem', { name: 'Share' }).click();
    const sharing = page.getByRole('dialog', { name: 'Share “Quay”' });
    await sharing.getByLabel('Email').fill(reader.email);
    await page.keyboard.press('Enter');
    await sharing.getByText(reader.email).first().waitFor();

    const theirs = await house.visit({ as: reader, path: '/library' });
    await theirs.getByRole('link', { name: 'Tide table' }).waitFor();
    expect(await theirs.getByRole('checkbox', { name: /^Tide table can’t be selected/ }).isDisabled()).toBe(
      true,
    );
    await theirs.getByRole('button', { name: 'Actions for Tide table' }).click();
    await theirs.getByRole('menuitem', { name: 'Ask about this document' }).waitFor();
    expect(await theirs.getByRole('menuitem', { name: 'Delete' }).count()).toBe(0);
    await theirs.getByRole('menuitem', { name: 'Ask about this document' }).click();
    await theirs.getByLabel('Question', { exact: true }).fill('When is high water on Sunday?');
    await theirs.keyboard.press('Enter');
    await theirs.getByRole('button', { name: /^Source 1: Tide table/ }).waitFor();

    // no longer shared: no longer there
    await sharing.getByRole('button', { name: new RegExp(`Remove ${reader.email}`) }).click();
    await theirs.goto(`${house.url}/library`);
    await theirs.getByRole('heading', { name: 'Your library is empty' }).waitFor();
  });
});
