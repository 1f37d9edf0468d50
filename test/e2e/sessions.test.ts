import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openBrowserHouse } from '../support/browser-house.ts';
import { describeWith } from '../support/needs.ts';

describeWith('browser', 'sessions and tabs', (executablePath) => {
  const house = openBrowserHouse(executablePath);

  test('a reload keeps the session, and signing out ends it', async () => {
    const page = await house.visit({ as: await house.newPerson(), path: '/settings' });
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await signOut(page);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.goto(`${house.url}/settings`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.getByRole('heading', { name: 'Settings' }).count()).toBe(0);
  });

  test('a wrong password is told at the form, and says nothing of who exists', async () => {
    const person = await house.newPerson();
    const page = await house.visit();
    house.expectFaults(page, /401 on .*\/api\/v1\/auth\/login$/);
    const tell = async (email: string) => {
      await page.getByLabel('Email').fill(email);
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      const answered = page.waitForResponse(/auth\/login/);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await answered;
      return await page.getByRole('alert').innerText();
    };
    expect(await tell(person.email)).toBe(await tell('nobody@example.org'));
  });

  test('both tabs of a browser stay signed in over a renewal of the token in one', async () => {
    const first = await house.visit({ as: await house.newPerson(), path: '/settings' });
    const second = await house.anotherTab(first, '/settings');
    house.expectFaults(first, /401 on .*\/api\/v1\//);
    await second.getByRole('heading', { name: 'Settings' }).waitFor();
    // both tokens are taken for run out once: each tab renews, and the cookie rotates under both of them
    let asked = 0;
    for (const page of [first, second, first]) {
      await refuseOnce(page);
      const renewed = page.waitForResponse(/auth\/refresh/);
      await page.keyboard.press('ControlOrMeta+KeyK');
      await page.getByRole('combobox').fill(`asked ${asked++}`);
      expect((await renewed).status()).toBe(200);
      await page.keyboard.press('Escape');
      await page.getByRole('combobox').waitFor({ state: 'hidden' });
    }
    await second.reload();
    await second.getByRole('heading', { name: 'Settings' }).waitFor();
  });

  test('signing out in one tab signs out the other', async () => {
    const first = await house.visit({ as: await house.newPerson() });
    const second = await house.anotherTab(first, '/settings');
    await second.getByRole('heading', { name: 'Settings' }).waitFor();
    await signOut(first);
    await second.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await second.getByRole('heading', { name: 'Settings' }).count()).toBe(0);
  });

  test('a document that comes in elsewhere shows up here by itself', async () => {
    const person = await house.newPerson();
    const first = await house.visit({ as: person, path: '/library' });
    const second = await house.anotherTab(first, '/library');
    await second.getByRole('heading', { name: 'Library', level: 1 }).waitFor();
    await first.keyboard.press('ControlOrMeta+KeyK');
    const [chooser] = await Promise.all([
      first.waitForEvent('filechooser'),
      first.getByRole('option', { name: 'Upload files' }).click(),
    ]);
    await chooser.setFiles([
      {
        name: 'tide.md',
        mimeType: 'text/markdown',
        buffer: Buffer.from('# Tide table\n\nHigh water at six.\n'),
      },
    ]);
    await second.getByRole('link', { name: 'Tide table' }).waitFor();
  });

  test('an unreachable server is told, and nothing is left of it when it is back', async () => {
    const page = await house.visit({ as: await house.newPerson(), path: '/chat' });
    house.expectFaults(page, /ERR_INTERNET_DISCONNECTED/);
    const banner = page.getByText('The server cannot be reached');
    await page.getByLabel('Question', { exact: true }).fill('What is typed before');
    await page.context().setOffline(true);
    await banner.waitFor();
    await page.context().setOffline(false);
    await banner.waitFor({ state: 'hidden' });
    await page.getByText('Connected again').waitFor();
    expect(await page.getByLabel('Question', { exact: true }).inputValue()).toBe('What is typed before');
  });

  test('a session that ends while one types asks for the password, and nothing typed is lost', async () => {
    const person = await house.newPerson();
    const { taskId } = await person.api.upload([
      { name: 'tide.md', bytes: Buffer.from('# Tide table\n\nHigh water on Sunday is at six.\n') },
    ]);
    await person.api.finished(taskId);
    const page = await house.visit({ as: person, path: '/chat' });
    house.expectFaults(page, /401 on /);
    await page.getByLabel('Question', { exact: true }).fill('When is high water on Sunday?');
    await refuseOnce(page);
    await page.context().clearCookies();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Please sign in again' });
    await dialog.waitFor();
    // there is no way round it but to sign out
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await dialog.locator('[aria-invalid]').waitFor();
    await dialog.getByLabel('Password').fill(person.password);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    // the question that was under way goes on
    await page.getByRole('article', { name: 'Answer' }).getByText('at six').first().waitFor();
  });
});

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
}

/** The next call of the API finds its token run out. */
async function refuseOnce(page: Page): Promise<void> {
  await page.route(
    /\/api\/v1\/(?!auth|events|config)/,
    (route) =>
      route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          type: 'urn:ka:error:unauthenticated',
          title: 'Run out',
          status: 401,
          detail: '',
        }),
      }),
    { times: 1 },
  );
}
