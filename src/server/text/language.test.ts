import { expect, test } from 'vitest';
import { detectLanguage } from './language.ts';

test.each([
  ['en', 'When was the bridge across the river opened?'],
  ['de', 'Wann wurde die Brücke über den Fluss eröffnet?'],
  ['fr', 'Quand le pont sur la rivière a-t-il été ouvert ?'],
  ['es', '¿Cuándo se abrió el puente sobre el río?'],
  ['it', 'Quando è stato aperto il ponte sul fiume?'],
  ['pt', 'Quando foi aberta a ponte sobre o rio?'],
  ['nl', 'Wanneer werd de brug over de rivier geopend?'],
  ['sv', 'När öppnades bron över floden?'],
  ['da', 'Hvornår blev broen over floden åbnet?'],
  ['no', 'Når ble broen over elven åpnet, og hva kostet den?'],
  ['fi', 'Milloin joen yli kulkeva silta avattiin?'],
  ['pl', 'Kiedy został otwarty most przez rzekę?'],
  ['cs', 'Kdy byl otevřen most přes řeku?'],
  ['ro', 'Când a fost deschis podul peste râu?'],
  ['hu', 'Mikor nyitották meg a hidat a folyó felett?'],
  ['tr', 'Nehrin üzerindeki köprü ne zaman açıldı?'],
  ['vi', 'Cây cầu bắc qua sông được mở khi nào?'],
  ['ru', 'Когда был открыт мост через реку?'],
  ['uk', 'Коли було відкрито міст через річку?'],
  ['bg', 'Кога е открит мостът над реката?'],
  ['el', 'Πότε άνοιξε η γέφυρα πάνω από τον ποταμό;'],
  ['ar', 'متى تم افتتاح الجسر فوق النهر؟'],
  ['fa', 'پل روی رودخانه چه زمانی باز شد؟'],
  ['he', 'מתי נפתח הגשר מעל הנהר?'],
  ['hi', 'नदी पर पुल कब खोला गया?'],
  ['th', 'สะพานข้ามแม่น้ำเปิดเมื่อไร'],
  ['zh', '河上的桥是什么时候开通的？'],
  ['ja', '川に架かる橋はいつ開通しましたか。'],
  ['ko', '강 위의 다리는 언제 개통되었습니까?'],
])('%s is told from a question', (language, question) => {
  expect(detectLanguage(question)).toBe(language);
});

test('what holds no evidence is undetermined, or the language of the documents asked', () => {
  expect(detectLanguage('')).toBe('und');
  expect(detectLanguage('4711 ... 42')).toBe('und');
  expect(detectLanguage('Kawann Short')).toBe('und');
  expect(detectLanguage('Kawann Short', ['de'])).toBe('de');
});

test('a foreign name does not decide', () => {
  expect(detectLanguage('谁是 Microsoft Corporation 的首席执行官？')).toBe('zh');
  expect(detectLanguage('Кто основал компанию Microsoft?')).toBe('ru');
});

test('a long text is judged by its beginning and its middle', () => {
  expect(detectLanguage('Der Hund und die Katze sind im Haus. '.repeat(20_000))).toBe('de');
});
