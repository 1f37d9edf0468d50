import type { Person } from './browser-house.ts';
import { docxFile, lockedPdfFile, type MadeFile, pdfFile, textFile, xlsxFile } from './made-files.ts';

export interface Furnished {
  /** The chat with the most in it. */
  readonly conversationId: string;
  /** A chat in which everything was answered. */
  readonly answeredId: string;
  /** A PDF of several pages. */
  readonly documentId: string;
}

const handbook = pdfFile('Harbour handbook.pdf', [
  [
    'Harbour handbook',
    'This handbook is for the crew of Lindholm harbour and for the skippers who call at it. It is revised every winter; the printed copy in the office is the one that counts.',
    'The harbour has three basins. The inner basin is for members, the outer basin for visitors, and the north quay for working boats. The duty officer assigns every berth and may move a boat at any hour when weather asks for it.',
    'Whoever arrives by night ties up at the waiting pontoon and reports to the office before nine in the morning.',
  ],
  [
    'Berths and stays',
    'A visiting yacht may stay in the outer basin for up to fourteen days in a row. A longer stay needs a written agreement with the harbour master, who decides within three working days.',
    'A visiting yacht pays 34 crowns a night for a berth of up to ten metres, and 4 crowns for every further metre. Electricity and fresh water are included; the laundry is not.',
    'A berth that stays empty for more than thirty days without notice may be given to the next on the waiting list.',
  ],
  [
    'Crane and slipway',
    'The crane lifts boats of up to twelve tonnes. A lift costs 90 crowns within the season and 60 crowns from November to March, when the crane is moved under its roof.',
    'Lifts are booked two working days ahead. The crane does not lift above wind force five, and the driver alone decides when that is so.',
    'The slipway is open to everyone. Trailers leave it within a quarter of an hour.',
  ],
  [
    'Safety on the quay',
    'Life jackets are worn on all pontoons between October and April, by the crew as well as by guests.',
    'In an emergency, call the duty phone first and the coast guard on channel 16 second. The nearest defibrillator hangs beside the door of the harbour office.',
    'Fuel is handled at the fuel berth only. A spill of any size is reported at once, and nobody is charged for reporting one.',
  ],
]);
const report = pdfFile('Annual report 2025.pdf', [
  [
    'Annual report 2025',
    'The year 2025 brought 4,812 visiting boats to Lindholm, eleven per cent more than the year before. Most of them came in July, and the outer basin was full on thirty-one nights.',
    'Revenue from berths rose to 612,000 crowns. The crane earned 74,000 crowns and cost 51,000, of which the new brake was half.',
  ],
  [
    'Repairs and outlook',
    'The eastern breakwater was repaired in spring. The work took eleven weeks and cost 1.4 million crowns, of which the region paid 60 per cent.',
    'For 2026 the council plans a second fuel berth and new showers. The price of a berth stays as it is until the end of the season.',
  ],
]);
const prices = xlsxFile('Berth prices 2026.xlsx', 'Prices', [
  ['Basin', 'Up to 8 m', 'Up to 10 m', 'Up to 12 m', 'Season'],
  ['Inner basin', 410, 520, 690, 'April to October'],
  ['Outer basin', 28, 34, 42, 'All year, a night'],
  ['North quay', 19, 23, 31, 'Working boats, a night'],
]);
const crew = docxFile('Crew rules.docx', 'Crew rules', [
  'Every member of the crew gets 27 days of paid leave a year. Leave that is not taken by the end of March expires.',
  'The night watch begins at ten and ends at six. Whoever keeps it has the next day off and eats before the others do.',
  'A new member of the crew is trained for two weeks before keeping a watch alone, and gets a key on the last day of training.',
]);
const minutes = textFile(
  'Council minutes 2026-01.md',
  '# Council minutes, January 2026\n\n## Fuel berth\n\nThe council agreed to build a second fuel berth. The work begins in March and is to be done before the regatta.\n\n## Showers\n\nThe showers were put off by one year because the offers were too high.\n',
);
const others: readonly MadeFile[] = [
  textFile(
    'Regatta 2026.md',
    '# Regatta 2026\n\nThe regatta is sailed on the second weekend of June. Boats report at the tower before eight.\n',
  ),
  textFile('Weather log.csv', 'day,wind,height\n2026-01-02,5,0.8\n2026-01-03,7,1.9\n2026-01-04,3,0.4\n'),
  docxFile('Letter to the members.docx', 'To all members', [
    'The fees for the inner basin stay as they are. The waiting list has 23 names, and eight berths change hands this spring.',
  ]),
  textFile(
    'A rather long title of an appendix to the agreement with the region about the maintenance of the eastern breakwater.md',
    '# A rather long title of an appendix to the agreement with the region about the maintenance of the eastern breakwater\n\nThe region pays 60 per cent of what the breakwater costs.\n',
  ),
  lockedPdfFile('Sealed contract.pdf'),
];

/** What an installation looks like that is in use: documents of several kinds, tags, collections, chats. */
export async function furnish({ api }: Person): Promise<Furnished> {
  const { id: council } = await api.post<{ id: string }>('/api/v1/collections', { name: 'Council' });
  await api.post('/api/v1/collections', { name: 'Operations' });
  const files = [...others, minutes, prices, crew, report, handbook];
  const ids = new Map<string, string>();
  for (const { name, buffer } of files) {
    const { taskId, documents } = await api.upload([{ name, bytes: buffer }]);
    await api.finished(taskId);
    if (documents[0] !== undefined) ids.set(name, documents[0].id);
  }
  const idsOf = (...names: MadeFile[]) => names.map(({ name }) => ids.get(name) as string);
  const bulk = (documentIds: string[], action: object) =>
    api.post('/api/v1/documents/bulk', { documentIds, action });
  await bulk(idsOf(minutes, report), { type: 'move', collectionId: council });
  await bulk(idsOf(handbook, crew, prices), { type: 'tag', add: ['rules'], remove: [] });
  await bulk(idsOf(handbook, prices), { type: 'tag', add: ['2026', 'fees'], remove: [] });

  const ask = async (title: string, ...questions: string[]) => {
    const { id } = await api.post<{ id: string }>('/api/v1/conversations', { title });
    for (const query of questions) await api.post('/api/v1/query', { query, conversationId: id });
    return id;
  };
  await ask('Second fuel berth', 'When does the work on the second fuel berth begin?');
  await ask('Leave of the crew', 'How many days of paid leave does the crew get?');
  await ask('Breakwater', 'What did the repair of the eastern breakwater cost?');
  const answeredId = await ask(
    'Cranes and berths',
    'What does a lift by the crane cost in winter?',
    'When may a berth be given to somebody else?',
  );
  const conversationId = await ask(
    'What visitors pay',
    'How much does a visiting yacht pay a night?',
    'How long may a visiting yacht stay?',
    'Which vaccine does the veterinarian recommend for ferrets?',
  );
  return { conversationId, answeredId, documentId: ids.get(handbook.name) as string };
}
