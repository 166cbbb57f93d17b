/**
 * To be imported before the first schema: zod would otherwise try whether it may make functions of text, which a page's
 * content security policy forbids and reports. Nothing here is parsed often enough to need them.
 */
import * as z from 'zod';

z.config({ jitless: true });
