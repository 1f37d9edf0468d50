/** What the server takes. */
export const MIN_QUESTION = 3;
export const MAX_QUESTION = 1000;

export const isAskable = (question: string): boolean => {
  const { length } = question.trim();
  return length >= MIN_QUESTION && length <= MAX_QUESTION;
};
