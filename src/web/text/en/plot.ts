export const plot = {
  asTable: (title: string) => `${title}, as a table`,
  none: 'Nothing to show yet',
};
