import { expect, test } from 'vitest';
import { ProblemError } from '../../client/problem.ts';
import { faultsOfError, faultsOfFields } from './faults.ts';

const problem = (errors: { path: string; message: string }[]) =>
  new ProblemError({
    type: 'urn:ka:error:invalid-request',
    title: 'Invalid request',
    status: 400,
    detail: 'The request is not valid',
    instance: '',
    requestId: '',
    errors,
  });

test('what is missing is told by field', () => {
  expect(faultsOfFields({ email: ' ', password: '' })).toEqual({
    email: 'Enter your email.',
    password: 'Enter your password.',
  });
  expect(faultsOfFields({ email: 'astrid', password: 'x' })).toEqual({
    email: 'This does not look like an email address.',
  });
  expect(faultsOfFields({ email: 'astrid@harbour.test', password: 'x' })).toEqual({});
});

test('a fault that the server names by field stands at the field, as a sentence', () => {
  expect(faultsOfError(problem([{ path: 'password', message: 'must have at least 8 characters' }]))).toEqual({
    password: 'Must have at least 8 characters.',
  });
});

test('a fault of no field that is shown is told as a whole', () => {
  expect(faultsOfError(problem([{ path: 'other', message: 'is unknown' }]))).toEqual({
    whole: 'The request is not valid',
  });
  expect(faultsOfError(new Error('The server cannot be reached'))).toEqual({
    whole: 'The server cannot be reached',
  });
});
