import { Command, InvalidArgumentError } from 'commander';
import { ConfigError, readConfig, readEnvironment } from './config.ts';
import { version } from './version.ts';

/** `ka`: each command loads what it needs and nothing else. */
const program = new Command('ka')
  .description('Knowledge Assistant: ask your own documents, get answers with citations you can check')
  .version(version)
  .showHelpAfterError();

const settings = () => readConfig(readEnvironment(process.cwd()));

program
  .command('serve')
  .description('serve the API and the web app')
  .action(async () => {
    const config = settings();
    if (config.workers > 1) await (await import('./serve-many.ts')).serveMany(config, config.workers);
    else await (await import('./serve.ts')).serve(config);
  });

program
  .command('worker')
  .description('take jobs and nothing else')
  .action(async () => (await import('./serve.ts')).work(settings()));

program
  .command('ask')
  .description('answer a question from the files of a folder, with no server')
  .argument('<folder>', 'folder with documents; read again only where it changed')
  .argument('<question>')
  .option('--json', 'print the answer as JSON')
  .action(async (folder: string, question: string, options: { json?: true }) => {
    const { askFolder } = await import('./cli/ask-folder.ts');
    const environment = readEnvironment(process.cwd());
    process.exitCode = await askFolder(environment, folder, question, { json: options.json === true });
  });

program
  .command('ingest')
  .description('feed a folder into the installation, running or stopped; touches only what changed')
  .argument('<folder>')
  .requiredOption('--user <email>', 'whose documents they become')
  .option('--collection <name>', "name of one of the user's own collections", 'Library')
  .option('--prune', 'also remove documents whose file is gone from the folder')
  .option('--json', 'print the outcome as JSON')
  .action(
    async (folder: string, options: { user: string; collection: string; prune?: true; json?: true }) => {
      const { ingestFolder } = await import('./cli/ingest-folder.ts');
      process.exitCode = await ingestFolder(settings(), folder, {
        email: options.user,
        collection: options.collection,
        prune: options.prune === true,
        json: options.json === true,
      });
    },
  );

program
  .command('doctor')
  .description('check the settings and every dependency, and say what to do')
  .option('--json', 'print the findings as JSON')
  .option('--deep', 'hold every stored file, passage, vector and word against the records instead')
  .option('--mend', 'with --deep: remove what is left over, queue what must be read again')
  .action(async (options: { json?: true; deep?: true; mend?: true }) => {
    if (options.deep === true) {
      const { deepDoctor } = await import('./cli/deep-doctor.ts');
      const how = { json: options.json === true, mend: options.mend === true };
      process.exitCode = await deepDoctor(settings(), how);
      return;
    }
    if (options.mend === true) throw new Error('--mend goes with --deep: npx ka doctor --deep --mend');
    const { doctor } = await import('./cli/doctor.ts');
    process.exitCode = await doctor(readEnvironment(process.cwd()), options.json === true);
  });

program
  .command('reindex')
  .description('embed all passages by the model that the settings name, while the present vectors serve')
  .option('--yes', 'agree to what it costs')
  .option('--dry-run', 'only say what it would take')
  .option('--json', 'print the outcome as JSON')
  .action(async (options: { yes?: true; dryRun?: true; json?: true }) => {
    const { reindex } = await import('./cli/reindex.ts');
    process.exitCode = await reindex(settings(), {
      yes: options.yes === true,
      dryRun: options.dryRun === true,
      json: options.json === true,
    });
  });

program
  .command('backup')
  .description('write a copy of everything, as it is at one moment, while the service runs')
  .argument('<file>', 'a new file, or - for standard output')
  .option(
    '--with-secrets',
    "also the installation's own secret: tokens stay good, and whoever has the file can make some",
  )
  .option(
    '--with-vectors',
    "also Qdrant's copy of the vectors: restoring it spares the time of building its graphs",
  )
  .option('--json', 'print what was written as JSON')
  .action(async (file: string, options: { withSecrets?: true; withVectors?: true; json?: true }) => {
    const { backup } = await import('./cli/backup.ts');
    await backup(settings(), file, {
      withSecrets: options.withSecrets === true,
      withVectors: options.withVectors === true,
      json: options.json === true,
    });
  });

program
  .command('restore')
  .description('restore a backup into an empty installation, whichever database it uses')
  .argument('<file>', 'what ka backup wrote, or - for standard input')
  .option('--json', 'print what was restored as JSON')
  .action(async (file: string, options: { json?: true }) => {
    const { restore } = await import('./cli/restore.ts');
    await restore(settings(), file, options.json === true);
  });

program
  .command('export')
  .description("write one user's own data into a zip file")
  .argument('<file>', 'a new file')
  .requiredOption('--user <email>', 'whose data')
  .action(async (file: string, options: { user: string }) => {
    const { exportAccount } = await import('./cli/export.ts');
    await exportAccount(settings(), options.user, file);
  });

program
  .command('report')
  .description('where memory, disk, time and money go; the server may run or not')
  .option('--json', 'print the report as JSON')
  .action(async (options: { json?: true }) => {
    const { report } = await import('./cli/report.ts');
    await report(settings(), options.json === true);
  });

program
  .command('migrate')
  .description('move an embedded installation to the databases and stores that the settings name')
  .option('--from <folder>', 'its data folder; otherwise DATA_DIR')
  .option('--dry-run', 'say what would move, and change nothing')
  .option('--restart', 'empty what a broken move left there, and begin anew')
  .action(async (options: { from?: string; dryRun?: true; restart?: true }) => {
    const { migrate } = await import('./cli/migrate.ts');
    const { createProgressBar } = await import('./cli/progress-bar.ts');
    const config = settings();
    const bar = createProgressBar(process.stderr);
    try {
      await migrate(config, {
        from: options.from ?? config.dataDir,
        dryRun: options.dryRun === true,
        restart: options.restart === true,
        tell: bar.note,
        show: bar.show,
      });
    } finally {
      bar.end();
    }
  });

program
  .command('explain')
  .description('what a route asks of the database, with plans, time and rows; nothing of it is kept')
  .argument('[route]', 'for example "GET /api/v1/documents"; :id stands for the newest one of the user')
  .option('--list', 'show all routes instead')
  .option('--user <email>', 'who asks; otherwise the oldest administrator')
  .option('--body <json>', 'what is sent')
  .option('--analyze', 'on PostgreSQL run what writes for its plan, too (and undo it)')
  .option('--json', 'print the statements as JSON')
  .action(
    async (
      route: string | undefined,
      options: { list?: true; user?: string; body?: string; analyze?: true; json?: true },
    ) => {
      const { explain, listRoutes } = await import('./cli/explain.ts');
      if (options.list === true) {
        for (const line of await listRoutes(settings())) console.log(line);
        return;
      }
      if (route === undefined) throw new Error('Name a route, or --list to see all.');
      process.exitCode = await explain(settings(), route, {
        email: options.user,
        body: options.body,
        analyzeWrites: options.analyze === true,
        json: options.json === true,
      });
    },
  );

program
  .command('bench')
  .description('measure the published figures on this machine')
  .option('--quick', 'smaller data: under three minutes')
  .option('--only <ids>', 'rows, comma-separated: A5,A7')
  .option('--json <file>', 'also write the rows as JSON')
  .option('--compare <file>', 'show ratios to an earlier JSON file')
  .option('--peers', 'compare with other libraries instead, installed into the cache folder (1.1 GB)')
  .action(async () => {
    const { runInCheckout } = await import('./cli/run-in-checkout.ts');
    process.exitCode = await runInCheckout('bench/run.ts', process.argv.slice(3));
  });

program
  .command('eval')
  .description('measure retrieval and answers on a labelled set in BEIR layout')
  .argument('<set>', 'folder with corpus.jsonl, queries.jsonl, qrels/test.tsv and optionally qa.jsonl')
  .option('--mode <mode>', 'hybrid, vector or keyword', asMode, 'hybrid')
  .option('--run <file>', 'write a TREC run, 100 documents a query')
  .option('--json <file>', 'write the figures as JSON')
  .option('--per-query <file>', 'write a line of figures a question')
  .option(
    '--compare <file>',
    'compare with such a file of another run: what differs, and whether by more than chance',
  )
  .option('--cache <folder>', 'keep vectors there for the next run')
  .action(
    async (
      set: string,
      options: {
        mode: 'hybrid' | 'vector' | 'keyword';
        run?: string;
        json?: string;
        perQuery?: string;
        compare?: string;
        cache?: string;
      },
    ) => {
      const { evaluate } = await import('./eval/evaluate.ts');
      process.exitCode = await evaluate(set, options);
    },
  );

function asMode(text: string): 'hybrid' | 'vector' | 'keyword' {
  if (text === 'hybrid' || text === 'vector' || text === 'keyword') return text;
  throw new InvalidArgumentError('must be hybrid, vector or keyword.');
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(
    error instanceof ConfigError || process.env['KA_DEBUG'] === undefined
      ? error instanceof Error
        ? error.message
        : String(error)
      : error,
  );
  process.exitCode = 1;
}
