/**
 * Robertson and Zaragoza 2009. Measured as mean nDCG@10 over 14 sets (three of abstracts, four of English
 * questions, seven of questions in de, es, ru, ar, zh, ja and all together): 0.798 to 0.799 from k1 0.9 to 1.2 and b 0.6 to 0.7,
 * 0.797 at b 0.75, 0.796 at k1 1.5. Within that plateau 1.2 and 0.7 lose nowhere more than 0.007.
 */
export const BM25_K1 = 1.2;
export const BM25_B = 0.7;
