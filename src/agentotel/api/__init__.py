"""What an application uses: sessions, turns, agents, steps, tools, events."""
