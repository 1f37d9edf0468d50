/** Time for the browser to take the address up. */
const RELEASE_MS = 10_000;

export function saveFile(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name.replaceAll(/[\\/:*?"<>|\p{Cc}]/gu, ' ').trim();
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), RELEASE_MS);
}
